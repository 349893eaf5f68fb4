/**
 * The one synthetic machine that a devnet's proxies claim to run on: its versions, its quoting enclave, its image. All
 * constants, so that the image hash is the same in every devnet.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { concatBytes, encodeUtf8, hexToBytes } from '../../encoding/index.js'

/** What identifies a machine to its vendor. */
export interface SyntheticPlatform {
  readonly fmspc: Uint8Array
  readonly pceId: Uint8Array
  readonly ppid: Uint8Array
  /** SGX security version numbers. */
  readonly components: readonly number[]
  readonly pceSvn: number
  readonly teeTcbSvn: readonly number[]
  readonly moduleSvn: number
  readonly qeSigner: Uint8Array
  readonly qeProduct: number
  readonly qeSvn: number
  readonly chipId: Uint8Array
}

/** Versions and identities of the machine. */
export const PLATFORM: SyntheticPlatform = {
  fmspc: hexToBytes('de0c0c000000'),
  pceId: hexToBytes('0000'),
  ppid: sha256('platform').subarray(0, 16),
  /** SGX security version numbers. */
  components: [3, 3, 2, 2, 4, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0],
  pceSvn: 13,
  /** Byte 0: version of the TDX module; byte 1: its major version, so it is judged as `TDX_01`. */
  teeTcbSvn: [6, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  moduleSvn: 6,
  qeSigner: sha256('quoting enclave signer'),
  qeProduct: 2,
  qeSvn: 5,
  chipId: concatBytes(sha256('chip id, first half'), sha256('chip id, second half'))
}

/** Measurement of the TDX module; any value but zero. */
export const MRSEAM: Uint8Array = sha384(encodeUtf8('cocoonkit devnet TDX module'))

/**
 * MRTD, MRCONFIGID, MROWNER, MROWNERCONFIG, RTMR0…3 of the devnet's image: 384 bytes. RTMR3 is extended by the events of
 * the reference image (attestation.md §2).
 */
export const TDX_MEASUREMENTS: Uint8Array = concatBytes(
  sha384(encodeUtf8('cocoonkit devnet firmware')),
  new Uint8Array(3 * 48),
  sha384(encodeUtf8('cocoonkit devnet firmware tables')),
  sha384(encodeUtf8('cocoonkit devnet kernel')),
  sha384(encodeUtf8('cocoonkit devnet command line')),
  extend(['cocoon:spec.tree=cocoonkit-devnet', 'cocoon:tdx_inited'])
)

/** Launch measurement of the devnet's AMD image, 48 bytes. */
export const SNP_MEASUREMENT: Uint8Array = sha384(encodeUtf8('cocoonkit devnet AMD image'))

/** Image hash of measurements as the network computes it: followed by 64 zero bytes (attestation.md §2, v3.md §6.4). */
export function imageHashOf(measurements: Uint8Array): string {
  return createHash('sha256').update(measurements).update(new Uint8Array(64)).digest('hex')
}

/** New register = SHA-384(old ‖ SHA-384(event)), from zero. */
function extend(events: readonly string[]): Uint8Array {
  return events.reduce<Uint8Array>(
    (register, event) => sha384(concatBytes(register, sha384(encodeUtf8(event)))),
    new Uint8Array(48)
  )
}

function sha256(label: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(`cocoonkit devnet ${label}`).digest())
}

function sha384(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha384').update(bytes).digest())
}
