/**
 * tee-vendor: the devnet's own Intel and AMD, with every way to go wrong.
 *
 * @module
 */

export { startCollateralServer } from './collateral-server.js'

export {
  createTeeVendor,
  DEVNET_TEE_FAULTS,
  type DevnetTeeOptions,
  type TeeFaultDescription,
  type TeeKind,
  type TeeVendor
} from './vendor.js'
