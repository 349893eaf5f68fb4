/**
 * Roots of trust: the vendors' own, built in; or a devnet's instead of them, never beside them. A devnet's roots travel in
 * an object that only {@link createDevnetTrust} can make: options that came from JSON, a network description or a caller's
 * literal cannot stand for it.
 *
 * @module
 */
import { CocoonError } from '../errors.js'
import type { SnpProductLine } from './snp/tcb.js'
import { intelRootCertificate } from './tdx/intel-root.js'

/** Certificates, DER, that chains must end in. */
export interface TrustRoots {
  readonly intel: Uint8Array
  readonly amd: { readonly [Line in SnpProductLine]?: Uint8Array }
  /** Shown in reports. */
  readonly described: string
}

/** Stands for the roots of a devnet. Opaque: its members say nothing that is believed. */
export interface DevnetTrust {
  readonly devnet: string
}

/** What a devnet's description gives. */
export interface DevnetRoots {
  /** Shown in reports. */
  readonly name: string
  /** Self-signed root of the synthetic Intel, DER. */
  readonly intelRoot: Uint8Array
  /** Self-signed roots of the synthetic AMD by product line, DER. */
  readonly amdRoots?: { readonly [Line in SnpProductLine]?: Uint8Array } | undefined
}

/**
 * AMD's roots are not built in: no copy of them came from AMD itself when this was written, and a root that was copied from
 * somewhere else is not a root. Genuine AMD peers are therefore refused (`snp.product`).
 */
const AMD_ROOTS: TrustRoots['amd'] = {}

const made = new WeakMap<object, TrustRoots>()

/** Makes the object that stands for a devnet's roots. For `fromDevnet` and the command line's `--devnet FILE` only. */
export function createDevnetTrust(roots: DevnetRoots): DevnetTrust {
  const { name, intelRoot, amdRoots = {} } = roots
  const all = [intelRoot, ...Object.values(amdRoots)]
  if (typeof name !== 'string' || !all.every((root) => root instanceof Uint8Array && root.length > 0)) {
    throw new CocoonError('ERR_OPTIONS', 'a devnet needs a name and roots', { phase: 'options', field: 'roots' })
  }
  const trust: DevnetTrust = Object.freeze({ devnet: name })
  const copies = Object.fromEntries(Object.entries(amdRoots).map(([line, root]) => [line, root.slice()]))
  made.set(trust, {
    intel: intelRoot.slice(),
    amd: copies,
    described: `roots: devnet ${JSON.stringify(name)}, no hardware vendor`
  })
  return trust
}

/** Roots that stand behind an option: the vendors' for `undefined`, `undefined` for anything that was not made here. */
export function rootsOf(trust: unknown): TrustRoots | undefined {
  if (trust === undefined)
    return { intel: intelRootCertificate(), amd: AMD_ROOTS, described: 'roots: Intel SGX Root CA, built in' }
  return typeof trust === 'object' && trust !== null ? made.get(trust) : undefined
}
