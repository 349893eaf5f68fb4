/**
 * The params cell of the root contract: prices, delays, stakes and contract code. Source: contracts.md §1.2, §1.4;
 * v3.md §5. Its bits decide every proxy and client contract address, so subsets are made from the raw bits and never
 * re-encoded from the parsed fields: that stays right when a later struct version adds fields.
 *
 * @module
 */
import { beginCell, type Cell, type Slice } from '@ton/core'
import { cellHashHex, contractError, readCell } from './cells.js'

/** Highest struct version whose layout is known (v3.md §5). */
export const MAX_KNOWN_STRUCT_VERSION = 5

/** Price multipliers in 1/10000; 10000 where the struct version lacks the field. */
export interface TokenMultipliers {
  readonly prompt: number
  readonly cached: number
  readonly completion: number
  readonly reasoning: number
}

/** Prices, delays and stakes as the network publishes them. */
export interface NetworkParams {
  readonly structVersion: number
  /** Grows when prices, delays or code change, and then every contract address changes too. */
  readonly paramsVersion: number
  readonly uniqueId: number
  readonly isTest: boolean
  /** Nanotons per adjusted token that a client pays. */
  readonly pricePerTokenNano: bigint
  /** Nanotons per adjusted token that a worker earns. */
  readonly workerFeePerTokenNano: bigint
  readonly multipliers: TokenMultipliers
  readonly proxyDelayBeforeCloseSeconds: number
  readonly clientDelayBeforeCloseSeconds: number
  readonly minProxyStakeNano: bigint
  readonly minClientStakeNano: bigint
  /** Hash of the contract code in hex; `null` when the root publishes none. */
  readonly proxyCodeHash: string | null
  readonly workerCodeHash: string | null
  readonly clientCodeHash: string | null
}

/** The parsed params and the cells that contracts are derived from. */
export interface ParsedParams {
  readonly params: NetworkParams
  readonly proxyCode: Cell | null
  readonly workerCode: Cell | null
  readonly clientCode: Cell | null
  /** Subset that a proxy contract carries: worker and client code (mask 6). */
  readonly proxyParams: Cell
  /** Subset that client and worker contracts carry: no code (mask 0). */
  readonly clientParams: Cell
  /** Whether the layout is known and nothing was left over. */
  readonly complete: boolean
}

const DEFAULT_STAKE_NANO = 1_000_000_000n
const DEFAULT_MULTIPLIER = 10_000

function loadFields(slice: Slice): Omit<NetworkParams, 'proxyCodeHash' | 'workerCodeHash' | 'clientCodeHash'> {
  const structVersion = slice.loadUint(8)
  const from = <T>(version: number, load: () => T, absent: T): T => (structVersion >= version ? load() : absent)
  const multiplier = (version: number): number => from(version, () => slice.loadUint(32), DEFAULT_MULTIPLIER)
  return {
    structVersion,
    paramsVersion: slice.loadUint(32),
    uniqueId: slice.loadUint(32),
    isTest: slice.loadBit(),
    pricePerTokenNano: slice.loadCoins(),
    workerFeePerTokenNano: slice.loadCoins(),
    multipliers: { prompt: multiplier(3), cached: multiplier(2), completion: multiplier(3), reasoning: multiplier(2) },
    proxyDelayBeforeCloseSeconds: slice.loadUint(32),
    clientDelayBeforeCloseSeconds: slice.loadUint(32),
    minProxyStakeNano: from(1, () => slice.loadCoins(), DEFAULT_STAKE_NANO),
    minClientStakeNano: from(1, () => slice.loadCoins(), DEFAULT_STAKE_NANO)
  }
}

/**
 * Copies all bits of the params cell but the three flags at its end, then stores the flags of the codes in `mask`
 * (bit 0 proxy, 1 worker, 2 client). contracts.md §1.4.
 */
function buildSubset(cell: Cell, codes: readonly (Cell | null)[], mask: number): Cell {
  const builder = beginCell().storeBits(cell.bits.substring(0, cell.bits.length - 3))
  codes.forEach((code, index) => builder.storeMaybeRef((mask >> index) & 1 ? code : null))
  return builder.endCell()
}

/** Splits the references of the params cell by the three flags at the end of its bits. */
function splitCodes(cell: Cell): readonly [Cell | null, Cell | null, Cell | null] {
  if (cell.bits.length < 3) throw contractError('root params are too short')
  const flags = [3, 2, 1].map((fromEnd) => cell.bits.at(cell.bits.length - fromEnd))
  let next = 0
  const codes = flags.map((present) => (present ? (cell.refs[next++] ?? null) : null))
  if (next !== cell.refs.length || codes.some((code, index) => flags[index] === true && code === null)) {
    throw contractError('root params: code flags and references differ')
  }
  return [codes[0] ?? null, codes[1] ?? null, codes[2] ?? null]
}

/**
 * Parses the params cell of any struct version. Versions above {@link MAX_KNOWN_STRUCT_VERSION} are read as far as the
 * layout of version 5 goes and reported as not `complete`.
 *
 * @throws CocoonError `ERR_CONTRACT_STATE`.
 */
export function parseParams(cell: Cell): ParsedParams {
  return readCell(cell, 'root params', (slice) => {
    const fields = loadFields(slice)
    const known = fields.structVersion <= MAX_KNOWN_STRUCT_VERSION
    if (slice.remainingBits < 3 || (known && slice.remainingBits !== 3))
      throw contractError('root params have extra data')
    const codes = splitCodes(cell)
    const [proxyCode, workerCode, clientCode] = codes
    const hash = (code: Cell | null): string | null => (code === null ? null : cellHashHex(code))
    return {
      params: {
        ...fields,
        proxyCodeHash: hash(proxyCode),
        workerCodeHash: hash(workerCode),
        clientCodeHash: hash(clientCode)
      },
      proxyCode,
      workerCode,
      clientCode,
      proxyParams: buildSubset(cell, codes, 6),
      clientParams: buildSubset(cell, codes, 0),
      complete: known
    }
  })
}
