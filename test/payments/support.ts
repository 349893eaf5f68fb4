/**
 * Facts of ../shared/vectors for the money tests, and small helpers.
 *
 * @module
 */
import { Cell } from '@ton/core'
import { readSharedJson, sharedPath } from '../support/shared.js'

export interface CellVector {
  readonly hash: string
  readonly boc: string
}

interface External extends CellVector {
  readonly seqno: number
  readonly validUntil: number
  readonly subwallet: number
  readonly mode: number
  readonly dest: string
  readonly value: string
  readonly hasStateInit: boolean
  readonly queryId: string
  readonly excessesTo: string
  readonly nonce?: string
  readonly coins?: string
  readonly secretHash?: string
}

interface ParamsExpectation {
  readonly structVersion: number
  readonly paramsVersion: number
  readonly uniqueId: number
  readonly isTest: boolean
  readonly price: string
  readonly workerFee: string
  readonly prompt: number
  readonly cached: number
  readonly completion: number
  readonly reasoning: number
  readonly proxyDelay: number
  readonly clientDelay: number
  readonly minProxyStake: string
  readonly minClientStake: string
  readonly proxyCodeHash: string | null
  readonly clientCodeHash: string | null
}

export interface SyntheticRoot {
  readonly boc: string
  readonly hash: string
  readonly clientParamsHash: string
  readonly proxyParamsHash: string
  readonly expect: {
    readonly owner: string
    readonly version: number
    readonly proxyHashes: readonly string[]
    readonly proxies: readonly (readonly [number, { readonly kind: number; readonly addr: string }])[]
    readonly lastProxySeqno: number
    readonly workers: readonly string[]
    readonly models: readonly string[]
    readonly p: ParamsExpectation
    readonly publicKeys?: readonly (readonly [string, { readonly type: number; readonly expireAt: number }])[]
    readonly kmPub?: string
    readonly kmImage?: string
    readonly kmAddr?: string
  }
}

export interface PaymentsVectors {
  readonly codes: { readonly mainnet: Record<'proxy' | 'worker' | 'client', CellVector>; readonly wallet: CellVector }
  readonly mainnet: {
    readonly rootAddress: string
    readonly root: CellVector
    readonly clientParams: CellVector
    readonly proxyParams: { readonly hash: string }
    readonly proxyInitData: CellVector & { readonly address: string }
    readonly clientState: CellVector
    readonly walletState: CellVector
    readonly externals: Record<'ext_client_top_up' | 'register' | 'change_secret', External>
  }
  readonly derivation: {
    readonly mainnetClient: {
      readonly owner: string
      readonly proxy: string
      readonly proxyPublicKey: string
      readonly client: string
    }
    readonly wallet: {
      readonly publicKey: string
      readonly owner: string
      readonly address: string
      readonly seed: string
    }
  }
  readonly scenario: {
    readonly now: number
    readonly keys: { readonly proxySeed: string; readonly proxyPublicKey: string }
    readonly proxyOwner: string
    readonly owner: string
    readonly any: string
    readonly excessesTo: string
    readonly root: string
    readonly proxy: string
    readonly client: string
    readonly steps: readonly {
      readonly id: string
      readonly now: number
      readonly from: string
      readonly to: 'CLIENT' | 'PROXY'
      readonly value: string
      readonly args: Record<string, string | number>
      readonly body: CellVector | null
      readonly txs: readonly {
        readonly from: string
        readonly to: string
        readonly op: string
        readonly body: string
        readonly exit: number | null
      }[]
      readonly client: {
        readonly ton: string
        readonly parsed: Record<string, string | number>
        readonly data: string
      } | null
      readonly proxy: {
        readonly ton: string
        readonly parsed: Record<string, string | number>
        readonly dataHash: string
      } | null
    }[]
  }
  readonly signed: {
    readonly tokens: number
    readonly queryId: number
    readonly target: string
    readonly payload: CellVector
    readonly signature: string
    readonly outer: CellVector
    readonly bad: Record<'wrongKey' | 'outerQidMismatch' | 'otherOp' | 'otherTarget', CellVector>
  }
  readonly walletExternal: {
    readonly seed: string
    readonly address: string
    readonly validUntil: number
    readonly seqno: number
    readonly unsigned: CellVector
    readonly signature: string
    readonly body: CellVector
    readonly inner: CellVector
  }
  readonly syntheticRoots: Record<string, SyntheticRoot>
  readonly tonConnect: Record<
    'V5R1' | 'V4R2',
    {
      readonly validUntil: number
      readonly network: string
      readonly from: string
      readonly messages: readonly {
        readonly address: string
        readonly amount: string
        readonly stateInit?: string
        readonly payload: string
      }[]
    }
  >
}

export interface RootVectorV3 {
  readonly struct_version: number
  readonly cpp_client_params_cell_hash: string
  readonly cpp_proxy_params_cell_hash: string
  readonly boc_base64: string
  readonly root_hash: string
  readonly parsed: Record<string, unknown>
}

export const HAS_VECTORS: boolean = sharedPath('vectors/payments.json') !== undefined
export const HAS_V3_VECTORS: boolean = sharedPath('vectors/e2e-v3.json') !== undefined

let cached: PaymentsVectors | undefined

export function paymentsVectors(): PaymentsVectors {
  return (cached ??= readSharedJson<PaymentsVectors>('vectors/payments.json'))
}

export function rootVectorsV3(): readonly RootVectorV3[] {
  const { root_contract_state: states } = readSharedJson<{ root_contract_state: readonly RootVectorV3[] }>(
    'vectors/e2e-v3.json'
  )
  return states
}

export const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))
export const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
export const bocHash = (boc: Uint8Array): string => Cell.fromBoc(Buffer.from(boc))[0]?.hash().toString('hex') ?? ''
export const mainnetRootBoc = (): Uint8Array => fromBase64(paymentsVectors().mainnet.root.boc)
/** Synthetic roots are stored as hex. */
export const syntheticBoc = (name: string): Uint8Array => fromHex(paymentsVectors().syntheticRoots[name]?.boc ?? '')
