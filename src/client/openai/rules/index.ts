/**
 * Request rules of the network's generations, and the choice among them.
 *
 * @module
 */
import type { InferencePeer } from '../../../runtime/ports/inference.js'
import { PROTO_2_RULES } from './proto-2.js'
import { PROTO_3_RULES } from './proto-3.js'
import type { RequestRules } from './rules.js'

export { checkRequest, fieldError, rulesFor, satisfies } from './check.js'
export type { EndpointPath, ObjectRule, RequestRules } from './rules.js'

/** Which rules to apply: those of the peer's protocol version (`auto`), those named, or the caller's own. */
export type RulesOption = 'auto' | 'proto-2' | 'proto-3' | RequestRules

/** The rules for a peer. */
export function chooseRules(option: RulesOption, peer: InferencePeer): RequestRules {
  if (typeof option === 'object') return option
  const newer = option === 'auto' ? peer.protocolVersion >= 3 : option === 'proto-3'
  return newer ? PROTO_3_RULES : PROTO_2_RULES
}
