/**
 * Proves an account's state from the hash of a masterchain block: block → masterchain state → shard block → shard state →
 * account. Who delivers the proof need not be trusted; who names the block hash must be. Source: TON block.tlb.
 *
 * Merkle proofs are cells whose unneeded branches are pruned to hashes. `@ton/core` checks at construction that a proof
 * cell's stored hash is that of its content; here the hashes are chained and the path is read.
 *
 * @module
 */
import { Cell, CellType, loadAccount, type Account, type Address, type Slice } from '@ton/core'
import { bytesToHex } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import { bocOf, coreAddress, friendly, toCoreBuffer } from './cells.js'
import { lookUp } from './hashmap.js'
import type { AccountProof, AccountState, AddressInput, MasterchainBlock } from './types.js'

const MAX_PROOF_BYTES = 1_048_576
const BLOCK_TAG = 0x11ef55aa
const SHARD_STATE_TAG = 0x9023afe2
const MC_STATE_EXTRA_TAG = 0xcc26
/** Most levels of a workchain's split; deeper shard trees do not exist. */
const MAX_SHARD_DEPTH = 60

function refuse(why: string, cause?: unknown): CocoonError {
  return new CocoonError('ERR_CHAIN_PROOF', `account proof: ${why}`, { phase: 'chain', cause })
}

function roots(boc: Uint8Array, count: number): readonly Cell[] {
  if (boc.length > MAX_PROOF_BYTES) throw refuse('too large')
  const cells = Cell.fromBoc(toCoreBuffer(boc))
  if (cells.length !== count) throw refuse(`${cells.length} roots where ${count} are due`)
  return cells
}

const level0 = (cell: Cell): string => bytesToHex(new Uint8Array(cell.hash(0)))

/** The content of a Merkle proof, whose own hash must be `expected`. */
function open(proof: Cell | undefined, expected: string, what: string): Cell {
  const content = proof?.refs[0]
  if (proof?.type !== CellType.MerkleProof || content === undefined) throw refuse(`${what} is not a Merkle proof`)
  if (level0(content) !== expected) throw refuse(`${what} is not the expected one`)
  return content
}

/** Hash of the state after a block, from its header proof. Block: tag · global id; references info, value flow, update, extra. */
function stateHashAfter(block: Cell): string {
  if (block.beginParse().loadUint(32) !== BLOCK_TAG) throw refuse('not a block')
  const update = block.refs[2]
  if (update?.type !== CellType.MerkleUpdate) throw refuse('the block has no state update')
  // A Merkle update stores tag (8), old hash (256), new hash (256), two depths.
  return bytesToHex(
    new Uint8Array(
      update
        .beginParse(true)
        .skip(8 + 256)
        .loadBuffer(32)
    )
  )
}

/** A shard state's header. ShardStateUnsplit: tag, global id, shard (104 bits), seqno, vertical seqno, time. */
function openState(state: Cell): { readonly atUnix: number } {
  const slice = state.beginParse()
  if (slice.loadUint(32) !== SHARD_STATE_TAG) throw refuse('not a shard state')
  return { atUnix: slice.skip(32 + 104 + 32 + 32).loadUint(32) }
}

/** Root hash of the shard block that holds `account`, from the masterchain state's list of shards. */
function shardBlockHash(state: Cell, workchain: number, account: bigint): string {
  const extra = state.refs[3]?.beginParse()
  if (extra === undefined || extra.loadUint(16) !== MC_STATE_EXTRA_TAG) throw refuse('not a masterchain state')
  const shards = extra.loadMaybeRef()
  const entry = shards && lookUp(shards, BigInt(workchain >>> 0), 32)
  if (entry === null) throw refuse('the workchain has no shards')
  let node = entry.loadRef()
  for (let depth = 0; depth <= MAX_SHARD_DEPTH; depth++) {
    const slice = node.beginParse()
    if (!slice.loadBit()) return descriptorRootHash(slice)
    const next = node.refs[Number((account >> BigInt(255 - depth)) & 1n)]
    if (next === undefined) throw refuse('the shard tree lacks a branch')
    node = next
  }
  throw refuse('the shard tree is too deep')
}

/** ShardDescr: 4-bit tag a or b, seqno, registration seqno, start and end time, root hash. */
function descriptorRootHash(slice: Slice): string {
  const tag = slice.loadUint(4)
  if (tag !== 0xa && tag !== 0xb) throw refuse('unknown shard descriptor')
  return bytesToHex(new Uint8Array(slice.skip(32 + 32 + 64 + 64).loadBuffer(32)))
}

interface Leaf {
  readonly accountHash: string
  readonly lastTransaction: { readonly hash: string; readonly lt: bigint }
}

/** The account's leaf in a shard state, or `null` when the state proves that there is none. */
function findLeaf(state: Cell, account: bigint): Leaf | null {
  const accounts = state.refs[1]
  if (accounts === undefined) throw refuse('the shard state has no accounts')
  // HashmapAugE: one bit, then the root. The augmentation of a leaf is DepthBalanceInfo: 5 bits and a currency collection.
  if (!accounts.beginParse().loadBit()) return null
  const root = accounts.refs[0]
  if (root === undefined) throw refuse('the accounts have no root')
  const leaf = lookUp(root, account, 256)
  if (leaf === null) return null
  leaf.skip(5).loadCoins()
  leaf.loadMaybeRef()
  const accountHash = level0(leaf.loadRef())
  const hash = bytesToHex(new Uint8Array(leaf.loadBuffer(32)))
  return { accountHash, lastTransaction: { hash, lt: leaf.loadUintBig(64) } }
}

function verify(
  address: Address,
  block: MasterchainBlock,
  given: AccountProof
): { readonly account: Account | null; readonly leaf: Leaf | null; readonly atUnix: number } {
  const id = BigInt(`0x${bytesToHex(new Uint8Array(address.hash))}`)
  let blockHash = block.rootHash
  if (address.workChain !== -1) {
    const [header, state] = roots(given.shardProof, 2)
    const stateHash = stateHashAfter(open(header, blockHash, 'the masterchain block'))
    const content = open(state, stateHash, 'the masterchain state')
    openState(content)
    blockHash = shardBlockHash(content, address.workChain, id)
  }
  const [header, state] = roots(given.proof, 2)
  const content = open(state, stateHashAfter(open(header, blockHash, 'the shard block')), 'the shard state')
  const { atUnix } = openState(content)
  const leaf = findLeaf(content, id)
  if (leaf === null) {
    if (given.state.length > 0) throw refuse('a state is given for an account that does not exist')
    return { account: null, leaf, atUnix }
  }
  const [cell] = roots(given.state, 1)
  if (cell === undefined || bytesToHex(new Uint8Array(cell.hash())) !== leaf.accountHash)
    throw refuse('the account is not the proved one')
  const slice = cell.beginParse()
  if (!slice.loadBit()) return { account: null, leaf, atUnix }
  const account = loadAccount(slice)
  if (!account.addr.equals(address)) throw refuse('the account has another address')
  return { account, leaf, atUnix }
}

/**
 * Verifies a proof and gives the state that it proves.
 *
 * @param block - A masterchain block that the caller trusts, e.g. one on which several sources agree.
 * @returns The state; `asOfMs` is the time in the shard's state, so a stale proof shows.
 * @throws CocoonError `ERR_CHAIN_PROOF` for everything that does not prove it.
 */
export function verifyAccountProof(address: AddressInput, block: MasterchainBlock, proof: AccountProof): AccountState {
  const parsed = coreAddress(address)
  try {
    const { account, leaf, atUnix } = verify(parsed, block, proof)
    const state = account?.storage.state
    const active = state?.type === 'active' ? state.state : null
    return {
      address: friendly(parsed),
      status: state?.type ?? 'absent',
      balanceNano: account?.storage.balance.coins ?? 0n,
      code: active?.code ? bocOf(active.code) : null,
      data: active?.data ? bocOf(active.data) : null,
      lastTransaction: leaf?.lastTransaction ?? null,
      asOfMs: atUnix * 1000,
      trust: [`account state proved from masterchain block ${block.seqno} (root hash ${block.rootHash})`]
    }
  } catch (cause) {
    if (CocoonError.is(cause)) throw cause
    throw refuse('does not parse', cause)
  }
}
