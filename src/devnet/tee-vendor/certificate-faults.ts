/**
 * Faults of the certificate around the evidence: they are the same for every kind of evidence.
 *
 * @module
 */
import type { CheckId } from '../../attestation/index.js'
import type { CertificateExtension } from '../../encoding/x509/index.js'

/** What evidence is made for. */
export interface EvidenceTarget {
  /** Key that the evidence is bound to. */
  readonly boundKey: Uint8Array
  /** Key that the claims beside it name. */
  readonly claimedKey: Uint8Array
}

/** How a certificate deviates. Every field: absent = as it should be. */
export interface CertificateFault {
  /** For whom the evidence is made, instead of the certificate's own key. */
  readonly target?: (own: Uint8Array, stranger: Uint8Array) => EvidenceTarget
  /** Changes the evidence extensions. */
  readonly changeExtensions?: (extensions: readonly CertificateExtension[]) => readonly CertificateExtension[]
  /** Moves the certificate's validity, milliseconds. */
  readonly shiftMs?: number
  /** Changes the finished certificate. */
  readonly changeDer?: (der: Uint8Array) => Uint8Array
}

/** A row of {@link CERTIFICATE_FAULTS}. */
export interface NamedCertificateFault extends CertificateFault {
  readonly meaning: string
  /** Check that refuses it; where AMD evidence fails another one, both. */
  readonly expected: CheckId | { readonly tdx: CheckId; readonly snp: CheckId }
}

const DAY_MS = 86_400_000
const OVERSIZED_BYTES = 32_769

/** Certificate faults by name. */
export const CERTIFICATE_FAULTS: ReadonlyMap<string, NamedCertificateFault> = new Map<string, NamedCertificateFault>([
  [
    'wrong-binding',
    {
      meaning: 'evidence for another key',
      expected: 'binding.report-data',
      target: (own, stranger) => ({ boundKey: stranger, claimedKey: own })
    }
  ],
  [
    'relay',
    {
      meaning: 'evidence and claims of a genuine machine, presented by somebody else',
      expected: 'binding.report-data',
      target: (_own, stranger) => ({ boundKey: stranger, claimedKey: stranger })
    }
  ],
  [
    'no-evidence',
    { meaning: 'a certificate without evidence', expected: 'certificate.evidence', changeExtensions: () => [] }
  ],
  [
    'non-critical-extension',
    {
      meaning: 'evidence in extensions that are not critical',
      expected: 'certificate.evidence',
      changeExtensions: (extensions) => extensions.map((extension) => ({ ...extension, critical: false }))
    }
  ],
  [
    'missing-part',
    {
      meaning: 'one of the evidence extensions is missing',
      expected: 'certificate.evidence',
      changeExtensions: (extensions) => extensions.slice(1)
    }
  ],
  [
    'swapped-extension',
    {
      meaning: 'the contents of the evidence extensions are swapped',
      expected: { tdx: 'tdx.quote.header', snp: 'snp.vcek.pem' },
      changeExtensions: (extensions) => {
        const values = extensions.map(({ value }) => value).toReversed()
        return extensions.map((extension, index) => ({ ...extension, value: values[index] ?? extension.value }))
      }
    }
  ],
  [
    'both-kinds',
    {
      meaning: 'TDX and AMD extensions side by side',
      expected: 'certificate.evidence',
      changeExtensions: (extensions) => [
        ...extensions,
        ...['1.3.6.1.4.1.12345.1', '1.3.6.1.4.1.12345.101']
          .filter((oid) => extensions.every((extension) => extension.oid !== oid))
          .map((oid) => ({ oid, critical: true, value: new Uint8Array(1184) }))
      ]
    }
  ],
  [
    'unknown-critical-extension',
    {
      meaning: 'a critical extension that nobody knows',
      expected: 'certificate.extensions',
      changeExtensions: (extensions) => [
        ...extensions,
        { oid: '1.3.6.1.4.1.12345.999', critical: true, value: Uint8Array.of(5, 0) }
      ]
    }
  ],
  [
    'oversized-evidence',
    {
      meaning: 'evidence of more than 32 KiB',
      expected: 'certificate.evidence-size',
      changeExtensions: ([first, ...rest]) => {
        if (first === undefined) return rest
        const value = new Uint8Array(OVERSIZED_BYTES)
        value.set(first.value)
        return [{ ...first, value }, ...rest]
      }
    }
  ],
  [
    'expired-certificate',
    { meaning: 'a certificate of the day before yesterday', expected: 'certificate.validity', shiftMs: -2 * DAY_MS }
  ],
  ['future-certificate', { meaning: 'a certificate of tomorrow', expected: 'certificate.validity', shiftMs: DAY_MS }],
  [
    'forged-certificate',
    {
      meaning: 'a certificate that was changed after signing',
      expected: 'certificate.signature',
      changeDer: (der) => {
        const copy = der.slice()
        // Inside R of the signature; S would have to stay below the group order.
        copy[copy.length - 40] = (copy[copy.length - 40] ?? 0) ^ 1
        return copy
      }
    }
  ]
])
