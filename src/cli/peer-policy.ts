/**
 * From flags to a policy, for the commands that judge one peer: where image hashes and collateral come from.
 *
 * @module
 */
import {
  type AttestationVerdictPolicy,
  createAttestationPolicy,
  devnetTrust,
  type DevnetTrust,
  fromDevnet,
  intelPcs,
  pccs
} from '../attestation.js'
import { listOf, type OptionSpec, type OptionValues, textOf } from './command.js'
import type { CliContext } from './context.js'
import { readDevnetText } from './devnet-file.js'
import { usageError } from './usage-error.js'

/** Flags that say how to judge. */
export const POLICY_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  'image-hash': {
    type: 'string',
    multiple: true,
    placeholder: 'HEX',
    description: 'an image hash to accept; the root contract publishes them'
  },
  pccs: {
    type: 'string',
    placeholder: 'URL',
    description: 'where collateral comes from; default the service of Intel'
  },
  devnet: {
    type: 'string',
    placeholder: 'FILE',
    description: 'judge by the description of a devnet: its proxies, its roots, its collateral'
  },
  timeout: { type: 'string', placeholder: 'SECONDS', description: 'budget of the whole run; default 60' }
}

/** How to judge a peer, and which one when the command line names none. */
export interface PeerPolicy {
  readonly policy: AttestationVerdictPolicy
  /** Image hashes from the command line; empty when there are none. */
  readonly imageHashes: readonly string[]
  /** Set when a devnet's description was read. */
  readonly trust: DevnetTrust | undefined
  /** First proxy of the devnet. */
  readonly address: string | undefined
  readonly account: { readonly owner: string; readonly secret?: string | Uint8Array } | undefined
  readonly network: { readonly isTest: boolean; readonly configVersion: number } | undefined
}

/** Reads the flags. @throws CocoonError `ERR_OPTIONS`. */
export async function readPeerPolicy(values: OptionValues, context: CliContext): Promise<PeerPolicy> {
  const imageHashes = listOf(values, 'image-hash')
  if (!imageHashes.every((hash) => /^[0-9a-fA-F]{64}$/.test(hash)))
    throw usageError('--image-hash must be 64 hex digits')
  const path = textOf(values, 'devnet')
  const url = textOf(values, 'pccs')
  if (path === undefined) {
    const collateral = url === undefined ? intelPcs() : pccs(url)
    const policy = createAttestationPolicy({ imageHashes, collateral })
    return { policy, imageHashes, trust: undefined, address: undefined, account: undefined, network: undefined }
  }
  if (url !== undefined || imageHashes.length > 0) throw usageError('--devnet excludes --pccs and --image-hash')
  const text = await readDevnetText(context, path)
  const { attestation: policy, network, account } = fromDevnet(text)
  return { policy, imageHashes, trust: devnetTrust(text), address: network.proxies[0], account, network }
}
