/**
 * The root contract's data: who may serve, under which images, at which prices, with which keys. Struct versions 0…5;
 * of later ones what is known is read and `understood` is false, so that nobody pays into them. Source: contracts.md §1,
 * v3.md §5 (wins on the third and fourth reference).
 *
 * Trust: the state says what the network's owner published, if the bytes are the real ones; see payments/chain for that.
 *
 * @module
 */
import type { Cell, Slice } from '@ton/core'
import {
  addressText,
  bigToHex256,
  cellHashHex,
  cellToBoc,
  contractError,
  loadHex256,
  parseCell,
  readCell,
  readWhole
} from './cells.js'
import { readDictionary } from './dictionary.js'
import { parseEndpoints, type ProxyEndpoints } from './endpoints.js'
import { parseParams, type NetworkParams } from './params.js'

/** Most entries that any one list of the root state may have. */
export const MAX_ROOT_ENTRIES = 4096

/** A proxy that the network's owner registered. */
export interface RegisteredProxy extends ProxyEndpoints {
  readonly seqno: number
}

/** A key that requests can be encrypted to, as published; not filtered by type or expiry. */
export interface EncryptionKey {
  /** 32 bytes, hex. */
  readonly publicKey: string
  /** 0…255; the network generates type 1 for requests. */
  readonly type: number
  readonly expiresAtUnix: number
}

/** The service that owns the private halves of the encryption keys. */
export interface KeyManager {
  readonly publicKey: string
  readonly imageHash: string
  /** `ip:port`, or `null` when none is published or it does not parse. */
  readonly address: string | null
}

/** Keys that struct version 5 lists as verified, hex. */
export interface VerifiedKeys {
  readonly proxy: readonly string[]
  readonly worker: readonly string[]
  readonly keyManager: readonly string[]
}

/** Bags of cells that contract addresses are derived from. */
export interface RootCells {
  readonly proxyParams: Uint8Array
  readonly clientParams: Uint8Array
  readonly proxyCode: Uint8Array | null
  readonly workerCode: Uint8Array | null
  readonly clientCode: Uint8Array | null
}

/** The root contract's state as plain data. */
export interface RootState extends NetworkParams {
  /** Address of the network's owner. */
  readonly owner: string
  /** The "config version" of the client protocol; grows with every change. */
  readonly version: number
  readonly proxies: readonly RegisteredProxy[]
  readonly lastProxySeqno: number
  /** Accepted image hashes, hex, ascending. */
  readonly proxyHashes: readonly string[]
  readonly workerHashes: readonly string[]
  /** SHA-256 of full model names, hex, ascending. */
  readonly modelHashes: readonly string[]
  /** Empty before struct version 4. */
  readonly encryptionKeys: readonly EncryptionKey[]
  /** `null` before struct version 4. */
  readonly keyManager: KeyManager | null
  /** `null` before struct version 5, or when a version-5 state lacks the list. */
  readonly verifiedKeys: VerifiedKeys | null
  /** Hash of the state cell, hex. */
  readonly stateHash: string
  /** Whether the layout is known to the last bit. Never pay into contracts of a network whose state is not understood. */
  readonly understood: boolean
  readonly cells: RootCells
}

function loadHashes(slice: Slice, what: string): readonly string[] {
  return readDictionary(slice, { keyBits: 256, maxEntries: MAX_ROOT_ENTRIES, what }).map(([key, value]) => {
    if (value.remainingBits !== 0 || value.remainingRefs !== 0) throw contractError(`${what}: an entry has a value`)
    return bigToHex256(key)
  })
}

/** Text of `1 bit kind 0 · u7 length · bytes`; `null` for another kind or a cut-off entry. */
function loadText(slice: Slice): string | null {
  if (slice.remainingBits < 8 || slice.loadBit()) return null
  const length = slice.loadUint(7)
  if (slice.remainingBits < length * 8) return null
  let text = ''
  for (let index = 0; index < length; index++) text += String.fromCharCode(slice.loadUint(8))
  return text
}

function loadProxies(slice: Slice): readonly RegisteredProxy[] {
  const proxies: RegisteredProxy[] = []
  const options = { keyBits: 32, maxEntries: MAX_ROOT_ENTRIES, what: 'registered proxies' }
  for (const [key, value] of readDictionary(slice, options)) {
    const text = loadText(value)
    const endpoints = text === null ? null : parseEndpoints(text)
    // One entry that cannot be used must not hide the others: the reference skips it too.
    if (endpoints !== null) proxies.push({ seqno: Number(key), ...endpoints })
  }
  return proxies
}

type DataPart = Pick<RootState, 'proxyHashes' | 'proxies' | 'lastProxySeqno' | 'workerHashes' | 'modelHashes'>

function parseData(cell: Cell): DataPart {
  return readWhole(cell, 'root data', (slice) => ({
    proxyHashes: loadHashes(slice, 'proxy hashes'),
    proxies: loadProxies(slice),
    lastProxySeqno: slice.loadUint(32),
    workerHashes: loadHashes(slice, 'worker hashes'),
    modelHashes: loadHashes(slice, 'model hashes')
  }))
}

function parseKeyManager(cell: Cell): Pick<RootState, 'encryptionKeys' | 'keyManager'> {
  return readWhole(cell, 'key manager data', (slice) => {
    const options = { keyBits: 256, maxEntries: MAX_ROOT_ENTRIES, what: 'encryption keys' }
    const encryptionKeys = readDictionary(slice, options).map(([key, value]) => {
      const entry = { publicKey: bigToHex256(key), type: value.loadUint(8), expiresAtUnix: value.loadUint(32) }
      if (value.remainingBits !== 0 || value.remainingRefs !== 0)
        throw contractError('encryption key entry has extra data')
      return entry
    })
    const publicKey = loadHex256(slice)
    const imageHash = loadHex256(slice)
    const text = loadText(slice)
    if (text === null) throw contractError('key manager address is of an unknown kind')
    const address = text === '' ? null : (parseEndpoints(text)?.client ?? null)
    return { encryptionKeys, keyManager: { publicKey, imageHash, address } }
  })
}

function parseVerifiedKeys(cell: Cell): VerifiedKeys {
  return readWhole(cell, 'verified keys', (slice) => ({
    proxy: loadHashes(slice, 'verified proxy keys'),
    worker: loadHashes(slice, 'verified worker keys'),
    keyManager: loadHashes(slice, 'verified key manager keys')
  }))
}

/** References that a state of this struct version has. */
function expectedRefs(structVersion: number): number {
  if (structVersion >= 5) return 4
  return structVersion === 4 ? 3 : 2
}

/**
 * Parses the state of a root contract.
 *
 * @param boc - The contract's data, one bag of cells (any of its three headers), at most 1 MiB.
 * @throws CocoonError `ERR_CONTRACT_STATE` when the bytes are not a root state. A registered proxy whose text does not
 * parse is left out; a struct version above 5, or a version 5 without its key list, gives `understood: false`.
 */
export function parseRootState(boc: Uint8Array): RootState {
  const root = parseCell(boc, 'root state')
  return readCell(root, 'root state', (slice) => {
    const owner = addressText(slice.loadAddress())
    const version = slice.loadUint(32)
    const data = parseData(slice.loadRef())
    const parsed = parseParams(slice.loadRef())
    const { structVersion } = parsed.params
    const known = parsed.complete
    const rest = {
      keyManager: slice.remainingRefs > 0 ? slice.loadRef() : null,
      verified: slice.remainingRefs > 0 ? slice.loadRef() : null
    }
    const exact = slice.remainingBits === 0 && root.refs.length === expectedRefs(structVersion)
    // Version 5 states without the list exist as test data of version 4's authors: readable, never payable.
    if (known && !exact && structVersion !== 5) throw contractError('root state has extra or missing data')
    const keys = readKeyParts(structVersion, known, rest.keyManager, rest.verified)
    return {
      ...parsed.params,
      ...data,
      ...keys,
      owner,
      version,
      stateHash: cellHashHex(root),
      understood: known && exact,
      cells: {
        proxyParams: cellToBoc(parsed.proxyParams),
        clientParams: cellToBoc(parsed.clientParams),
        proxyCode: parsed.proxyCode && cellToBoc(parsed.proxyCode),
        workerCode: parsed.workerCode && cellToBoc(parsed.workerCode),
        clientCode: parsed.clientCode && cellToBoc(parsed.clientCode)
      }
    }
  })
}

type KeyParts = Pick<RootState, 'encryptionKeys' | 'keyManager' | 'verifiedKeys'>

/** Reads the key cells; those of an unknown version may have changed, so there a cell that does not parse counts as absent. */
function readKeyParts(structVersion: number, known: boolean, keyManager: Cell | null, verified: Cell | null): KeyParts {
  const attempt = <T>(cell: Cell | null, parse: (cell: Cell) => T, absent: T): T => {
    if (cell === null) return absent
    if (known) return parse(cell)
    try {
      return parse(cell)
    } catch {
      return absent
    }
  }
  const none: Pick<RootState, 'encryptionKeys' | 'keyManager'> = { encryptionKeys: [], keyManager: null }
  return {
    ...(structVersion >= 4 ? attempt(keyManager, parseKeyManager, none) : none),
    verifiedKeys: structVersion >= 5 ? attempt<VerifiedKeys | null>(verified, parseVerifiedKeys, null) : null
  }
}
