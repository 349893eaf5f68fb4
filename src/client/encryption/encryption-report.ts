/**
 * What encryption does and means for a client. Loaded by the first who asks.
 *
 * @module
 */
import type { EncryptionKeySource, EncryptionMode, EncryptionReport } from './types.js'

/** What encryption does for a client. @throws CocoonError `ERR_OPTIONS` | `ERR_ENCRYPTION_UNAVAILABLE` as a call would. */
export async function reportEncryption(
  mode: EncryptionMode,
  keys: EncryptionKeySource | undefined,
  query: { readonly isTest: boolean; readonly nowMs: number; readonly remainingMs: number }
): Promise<EncryptionReport> {
  // Not of its own file: a bundle would cut what calls share with reports out of what calls load.
  const { findUsableKeys } = await import('./encrypted-call.js')
  return {
    mode,
    usableKeys: await findUsableKeys({ source: keys, ...query }),
    keySource: keys === undefined ? 'none' : typeof keys === 'function' ? 'function' : 'given',
    readableBy: [
      'the key manager of the network',
      'every proxy and every worker that runs an image of the root contract',
      'the inference server behind the worker'
    ],
    staysReadable: [
      'model',
      'names of fields',
      'numbers',
      'truth values',
      'lengths of lists and, roughly, of texts',
      'times and sizes'
    ]
  }
}
