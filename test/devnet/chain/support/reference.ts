/**
 * The mainnet code of ../shared/vectors/payments.json and ours, as cells.
 *
 * @module
 */
import { Cell } from '@ton/core'
import { DEVNET_CONTRACTS, type DevnetContractName } from '../../../../src/devnet/chain/contracts.generated.js'
import { paymentsVectors } from '../../../payments/support.js'

function fromBase64(text: string): Cell {
  return Cell.fromBase64(text)
}

/** Code of the deployed contracts. */
export function referenceCode(name: 'proxy' | 'client' | 'worker' | 'wallet'): Cell {
  const { codes } = paymentsVectors()
  return fromBase64(name === 'wallet' ? codes.wallet.boc : codes.mainnet[name].boc)
}

/** Code of the devnet's contracts. */
export function ourCode(name: DevnetContractName): Cell {
  return fromBase64(DEVNET_CONTRACTS[name].code)
}
