/**
 * Options about the chain and money. Types only: the code behind them is loaded when a client uses it.
 *
 * @module
 */
import type { AttestationPolicyOptions } from '../../attestation/index.js'
import type { TonAddress } from '../../encoding/index.js'
import type { CocoonError } from '../../errors.js'
import type {
  ChannelMigration,
  Ledger,
  OverchargeDetected,
  OverchargePolicy,
  Receipt,
  SpendingLimits
} from '../../payments/channel/index.js'
import type { TokenPrices } from '../../payments/pricing/index.js'

/** A root contract whose state is given as bytes: nothing is asked of a chain. */
export interface GivenRoot {
  /** Address of the root contract. */
  readonly address: string | TonAddress
  /** Its data, a bag of cells. */
  readonly state: Uint8Array
}

/** Attestation with the image hashes of the root contract: the options of a policy without its list. */
export type RegistryAttestationOptions = Omit<AttestationPolicyOptions, 'imageHashes'>

/** The network changed its params in the middle of a client's life: what it means for the account at one proxy. */
export interface ParamsChange {
  /** The proxy, `host:port`. */
  readonly address: string
  /** Raw address of the client contract that was used so far; its running requests end there. */
  readonly contract: string
  /** Plans for both contracts; absent when they could not be made. Nothing of them has been sent. */
  readonly migration?: ChannelMigration | undefined
  /** Why there are no plans; `planMigration` of `cocoonkit/ton` tries again. */
  readonly error?: CocoonError | undefined
}

/** Receipts, caps and what to do about a proxy that takes too much. */
export interface PaymentOptions {
  /** Keeps receipts, signed charges and reservations; `openLedger` of `cocoonkit/ton`. The caller closes it. */
  readonly ledger: Ledger
  /**
   * Caps on the charges of requests, beside the ledger's own, which always hold. Where there is a cap of either kind, each
   * request reserves the most that it can cost before it is sent, and is settled with what it did cost. Default: only the
   * ledger's own.
   */
  readonly limits?: SpendingLimits | undefined
  /**
   * Completion tokens assumed for a request without `max_tokens`, whose cost nothing bounds. Default: such a request is
   * refused (`ERR_LIMIT_EXCEEDED`) as soon as there are caps.
   */
  readonly assumedCompletionTokens?: number | undefined
  /**
   * What a finding leads to. `warn`: `onOvercharge` is told. `stop`: no further request, `ERR_OVERCHARGE`. `failover`: none
   * to that proxy. Default `warn`.
   */
  readonly overcharge?: OverchargePolicy | undefined
  /** Whether nobody else uses the account; then every unexplained growth of the total is a finding. Default `false`. */
  readonly exclusive?: boolean | undefined
  /** Prices for networks without a root contract. Default: those of the root state. */
  readonly prices?: TokenPrices | undefined
  readonly onReceipt?: ((receipt: Receipt) => void) | undefined
  /**
   * Called for every proxy whose client contract was in use when the network's params changed: the coins in the old
   * contract with the plans to leave it, and the plan for the new one. Needs a chain. Nothing is sent by itself.
   */
  readonly onParamsChange?: ((change: ParamsChange) => void) | undefined
  readonly onOvercharge?: ((error: OverchargeDetected, policy: OverchargePolicy) => void) | undefined
}
