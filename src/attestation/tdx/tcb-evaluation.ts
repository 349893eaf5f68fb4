/**
 * Which published level a platform is at (Intel PCS API v4, "Get TDX TCB Info", determination of the TCB status):
 * platform level by components, TDX module by its own version, quoting enclave by its own; the three converge to one.
 *
 * @module
 */
import { TCB_STATUSES, type TcbStatus } from '../policy/rules.js'
import type { PckPlatform } from './pck-extension.js'
import type { PlatformTcb, QeIdentity, TcbInfo, TcbLevel, TdxModule } from './tcb-info.js'

/** Level of the platform at one set of TDX version numbers. */
export interface PlatformEvaluation {
  readonly level: TcbLevel<PlatformTcb> | undefined
  readonly module: TdxModule | undefined
  /** Level of the module; `undefined` for the unversioned module, which has none, and when none matches. */
  readonly moduleLevel: TcbLevel<number> | undefined
  readonly moduleName: string
}

/**
 * Evaluates against `teeTcbSvn`: byte 0 is the module's SVN, byte 1 its major version. For a versioned module those two
 * are judged by the module's own levels, and the components start at byte 2.
 */
export function evaluatePlatform(tcbInfo: TcbInfo, pck: PckPlatform, teeTcbSvn: Uint8Array): PlatformEvaluation {
  const [moduleSvn = 0, moduleVersion = 0] = teeTcbSvn
  const first = moduleVersion > 0 ? 2 : 0
  const level = tcbInfo.levels.find(
    ({ tcb }) =>
      pck.pceSvn >= tcb.pceSvn &&
      tcb.sgx.every((due, index) => (pck.components[index] ?? 0) >= due) &&
      tcb.tdx.every((due, index) => index < first || (teeTcbSvn[index] ?? 0) >= due)
  )
  if (moduleVersion === 0) {
    return { level, module: tcbInfo.unversionedModule, moduleLevel: undefined, moduleName: 'unversioned' }
  }
  const moduleName = `TDX_${moduleVersion.toString(16).toUpperCase().padStart(2, '0')}`
  const module = tcbInfo.modules.get(moduleName)
  return { level, module, moduleLevel: module?.levels.find(({ tcb }) => moduleSvn >= tcb), moduleName }
}

/** Level of the quoting enclave. */
export function evaluateQuotingEnclave(identity: QeIdentity, isvSvn: number): TcbLevel<number> | undefined {
  return identity.levels.find(({ tcb }) => isvSvn >= tcb)
}

/** Status of the whole: an outdated or revoked part drags the platform's own status down. */
export function convergeStatus(platform: TcbStatus, part: TcbStatus): TcbStatus {
  if (part === 'UpToDate') return platform
  if (part === 'Revoked' || platform === 'Revoked') return 'Revoked'
  if (part === 'OutOfDate') {
    if (platform === 'UpToDate' || platform === 'SWHardeningNeeded') return 'OutOfDate'
    if (platform === 'ConfigurationNeeded' || platform === 'ConfigurationAndSWHardeningNeeded')
      return 'OutOfDateConfigurationNeeded'
    return platform
  }
  // Intel publishes no other status for modules and enclaves; should it, the worse of the two stands.
  return TCB_STATUSES.indexOf(part) > TCB_STATUSES.indexOf(platform) ? part : platform
}
