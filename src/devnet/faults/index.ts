/**
 * Faults on demand: standing ones by option, single ones by model name (`fault/<name>`).
 *
 * @module
 */
export { FAULT_MODEL_PREFIX, FaultBoard } from './board.js'
export { DEVNET_FAULTS } from './names.js'
