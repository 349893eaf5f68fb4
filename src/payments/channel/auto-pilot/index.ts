/**
 * The auto-pilot of channels.
 *
 * @module
 */
export { createChannelAutoPilot } from './auto-pilot.js'
export type { AutoPilotReason } from './decide.js'
export type {
  AutoPilotChannelStep,
  AutoPilotEvent,
  AutoPilotOptions,
  AutoPilotStep,
  AutoPilotStop,
  ChannelAutoPilot
} from './events.js'
export type {
  AutoPilotCap,
  AutoPilotLimits,
  AutoPilotRiskId,
  ChargeRule,
  CloseOutdatedRule,
  TopUpRule
} from './limits.js'
