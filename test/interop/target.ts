/**
 * The real proxy that the interop suite is pointed at, read from the environment.
 *
 * @module
 */
import type { AccountOptions, CocoonOptions, NetworkOptions } from '../../src/index.js'
import { acceptAnyPeer, acceptFakeTee } from '../../src/unsafe.js'

/** What the suite runs against. */
export interface InteropTarget {
  readonly options: CocoonOptions & {
    readonly network: NetworkOptions & { readonly proxies: readonly string[] }
    readonly account: AccountOptions
  }
  /** Model to ask; default the first of the market with workers. */
  readonly model: string | undefined
}

/** Variables, as told by the README beside this file. */
const VARIABLES = {
  proxy: 'COCOON_INTEROP_PROXY',
  test: 'COCOON_INTEROP_TEST',
  configVersion: 'COCOON_INTEROP_CONFIG_VERSION',
  owner: 'COCOON_INTEROP_OWNER',
  secret: 'COCOON_INTEROP_SECRET',
  policy: 'COCOON_INTEROP_POLICY',
  model: 'COCOON_INTEROP_MODEL'
} as const

/** Shown when no proxy is named. */
export const MISSING_TARGET: string = `skipped: no real proxy is named (set ${VARIABLES.proxy}, see test/interop/README.md)`

/** The target of the environment; `undefined` when none is named. A target that is named by half is an error, not a skip. */
export function interopTarget(env: Readonly<Record<string, string | undefined>>): InteropTarget | undefined {
  const proxies = env[VARIABLES.proxy]?.split(',').map((text) => text.trim())
  if (proxies === undefined) return undefined
  const owner = env[VARIABLES.owner]
  if (owner === undefined) throw new Error(`${VARIABLES.proxy} is set but ${VARIABLES.owner} is not`)
  return {
    options: {
      network: {
        proxies,
        isTest: readFlag(env[VARIABLES.test]),
        configVersion: Number(env[VARIABLES.configVersion] ?? 0)
      },
      account: { owner, secret: env[VARIABLES.secret] },
      attestation: readPolicy(env[VARIABLES.policy]),
      timeoutMs: 60_000
    },
    model: env[VARIABLES.model]
  }
}

function readFlag(text: string | undefined): boolean {
  if (text === undefined || text === '0' || text === 'false') return false
  if (text === '1' || text === 'true') return true
  throw new Error(`${VARIABLES.test} must be 0 or 1`)
}

/** A new kind of policy is a line here. */
function readPolicy(name: string | undefined): CocoonOptions['attestation'] {
  switch (name) {
    case undefined:
    case 'refuse':
      return undefined
    case 'unsafe-any':
      return acceptAnyPeer()
    case 'unsafe-fake':
      return acceptFakeTee()
    default:
      throw new Error(`${VARIABLES.policy} must be refuse, unsafe-any or unsafe-fake`)
  }
}
