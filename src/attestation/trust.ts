/**
 * Roots of trust: the vendors' own, built in; or a devnet's instead of them, never beside them. A root is named by the
 * SHA-256 of its whole certificate: chains bring the certificate themselves, and one that only has the right key is
 * another root. A devnet's roots travel in an object that only {@link createDevnetTrust} can make: options that came from
 * JSON, a network description or a caller's literal cannot stand for it.
 *
 * @module
 */
import { bytesToHex } from '../encoding/index.js'
import { CocoonError } from '../errors.js'
import type { EvidenceKind } from '../runtime/ports/verdict.js'
import { sha256 } from './crypto.js'
import type { SnpProductLine } from './snp/tcb.js'

/** Roots by product line, each the SHA-256 of its certificate. */
export type AmdRoots = { readonly [Line in SnpProductLine]?: string }

/** Certificates that chains must end in, each by its SHA-256 in lower-case hex. */
export interface TrustRoots {
  readonly intel: string
  /** `vendor` stands for those of snp/amd-roots.ts, which only AMD evidence loads. */
  readonly amd: AmdRoots | 'vendor'
  /** Line for reports. */
  describe(kind: EvidenceKind): string
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
 * SHA-256 of the Intel SGX Root CA certificate (serial 22650cd6…06ac, valid to 2049-12-31), as Intel publishes it; SHA-384
 * of its public key point is 46e403bd…0993, the collateral root id of the reference (attestation.md §5).
 */
const INTEL_SGX_ROOT_CA = '44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3'

const VENDORS: TrustRoots = {
  intel: INTEL_SGX_ROOT_CA,
  amd: 'vendor',
  describe: (kind) => `roots: ${kind === 'snp' ? 'AMD root keys' : 'Intel SGX Root CA'}, built in`
}

const made = /* @__PURE__ */ new WeakMap<object, DevnetRoots>()

/** Makes the object that stands for a devnet's roots. For `fromDevnet` and the command line's `--devnet FILE` only. */
export function createDevnetTrust(roots: DevnetRoots): DevnetTrust {
  const { name, intelRoot, amdRoots = {} } = roots
  const all = [intelRoot, ...Object.values(amdRoots)]
  if (typeof name !== 'string' || !all.every((root) => root instanceof Uint8Array && root.length > 0)) {
    throw new CocoonError('ERR_OPTIONS', 'a devnet needs a name and roots', { phase: 'options', field: 'roots' })
  }
  const trust: DevnetTrust = Object.freeze({ devnet: name })
  const copies = Object.fromEntries(Object.entries(amdRoots).map(([line, root]) => [line, root.slice()]))
  made.set(trust, { name, intelRoot: intelRoot.slice(), amdRoots: copies })
  return trust
}

/** Roots that stand behind an option: the vendors' for `undefined`, `undefined` for anything that was not made here. */
export async function rootsOf(trust: unknown): Promise<TrustRoots | undefined> {
  if (trust === undefined) return VENDORS
  const devnet = typeof trust === 'object' && trust !== null ? made.get(trust) : undefined
  if (devnet === undefined) return undefined
  const hashed = Object.entries(devnet.amdRoots ?? {}).map(async ([line, root]) => [line, await fingerprint(root)])
  return {
    intel: await fingerprint(devnet.intelRoot),
    amd: Object.fromEntries(await Promise.all(hashed)) as AmdRoots,
    describe: () => `roots: devnet ${JSON.stringify(devnet.name)}, no hardware vendor`
  }
}

/** SHA-256 of a certificate, lower-case hex. */
export async function fingerprint(certificate: Uint8Array): Promise<string> {
  return bytesToHex(await sha256(certificate))
}
