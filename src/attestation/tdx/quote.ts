/**
 * Takes a TDX quote apart (attestation.md §1; Intel TDX DCAP Quoting Library API, quote format versions 4 and 5). Every
 * byte belongs to a field: lengths add up exactly, and after the declared end there are only zeros.
 *
 * Bytes that no own check looks at are covered by a signature: header 2…47 and the whole body by the attestation key; the
 * report of the quoting enclave by the PCK; its authentication data by the hash in that report; certificates by their issuer.
 *
 * @module
 */
import { ByteReader, bytesToHex } from '../../encoding/index.js'
import { isZero, u16le, u32le } from '../bits.js'
import { fakeQuoteReportData } from '../certificate/evidence.js'
import type { Findings } from '../report/findings.js'

/** Fields of a trust domain's report. Byte fields are views into the quote. */
export interface TdxBody {
  readonly teeTcbSvn: Uint8Array
  readonly mrSeam: Uint8Array
  readonly mrSignerSeam: Uint8Array
  readonly seamAttributes: Uint8Array
  readonly tdAttributes: Uint8Array
  readonly xfam: Uint8Array
  /** MRTD, MRCONFIGID, MROWNER, MROWNERCONFIG, RTMR0…3: 384 bytes, as they stand in the quote. */
  readonly measurements: Uint8Array
  readonly reportData: Uint8Array
  /** TD 1.5 only. */
  readonly teeTcbSvn2: Uint8Array | undefined
  /** TD 1.5 only. */
  readonly mrServiceTd: Uint8Array | undefined
}

/** A quote taken apart. */
export interface TdxQuote {
  /** Header and body: what the attestation key signed. */
  readonly signed: Uint8Array
  readonly body: TdxBody
  /** `r ‖ s`. */
  readonly signature: Uint8Array
  /** `X ‖ Y` on P-256. */
  readonly attestationKey: Uint8Array
  readonly qeReport: Uint8Array
  readonly qeReportSignature: Uint8Array
  readonly qeAuthData: Uint8Array
  /** PEM text of the PCK chain; one final zero byte is tolerated, Intel's library writes it. */
  readonly pckChainPem: Uint8Array
}

/** Largest quote that is read, bytes; the certificate extension has the same limit. */
export const MAX_QUOTE_BYTES = 32_768

const HEADER_BYTES = 48
const BODY_BYTES = { 2: 584, 3: 648 } as const
const INTEL_QE_VENDOR = '939a7233f79c4ca9940a0db3957f0607'
const TEE_TDX = 0x81
const ECDSA_P256 = 2
const FIXED_AUTH_BYTES = 64 + 64 + 6

/** Parses and records; leaves the stage on the first structural failure. */
export function examineQuote(findings: Findings, quote: Uint8Array): TdxQuote {
  findings.demand(
    'evidence.genuine',
    fakeQuoteReportData(quote) === undefined,
    `${quote.length} bytes against the sizes of fakes`
  )
  const version = u16le(quote, 0)
  const keyType = u16le(quote, 2)
  const teeType = u32le(quote, 4)
  const isHeader =
    quote.length >= HEADER_BYTES && (version === 4 || version === 5) && keyType === ECDSA_P256 && teeType === TEE_TDX
  findings.demand('tdx.quote.header', isHeader, `version ${version}, key type ${keyType}, TEE type ${teeType}`)
  const vendor = bytesToHex(quote.subarray(12, 28))
  findings.check('tdx.quote.vendor', vendor === INTEL_QE_VENDOR, `vendor ${vendor}`)
  const bodyType = version === 4 ? 2 : u16le(quote, 48)
  const bodyStart = version === 4 ? HEADER_BYTES : HEADER_BYTES + 6
  const bodyBytes = bodyType === 2 || bodyType === 3 ? BODY_BYTES[bodyType] : 0
  const declared = version === 4 ? bodyBytes : u32le(quote, 50)
  const bodyEnd = bodyStart + bodyBytes
  const isBody = bodyBytes > 0 && declared === bodyBytes && quote.length >= bodyEnd
  findings.demand('tdx.quote.body', isBody, `body type ${bodyType} of ${declared} bytes`)
  const authentication = takeAuthentication(findings, quote, bodyEnd)
  return { signed: quote.subarray(0, bodyEnd), body: readBody(quote.subarray(bodyStart, bodyEnd)), ...authentication }
}

/** Body of a quote without any judgement, for {@link tdxImageHash}; `undefined` when there is no TDX body. */
export function bodyOf(quote: Uint8Array): TdxBody | undefined {
  const version = u16le(quote, 0)
  if (u32le(quote, 4) !== TEE_TDX || (version !== 4 && version !== 5)) return undefined
  const bodyType = version === 4 ? 2 : u16le(quote, 48)
  if (bodyType !== 2 && bodyType !== 3) return undefined
  const start = version === 4 ? HEADER_BYTES : HEADER_BYTES + 6
  const end = start + BODY_BYTES[bodyType]
  return quote.length < end ? undefined : readBody(quote.subarray(start, end))
}

function readBody(bytes: Uint8Array): TdxBody {
  const reader = new ByteReader(bytes)
  const body = {
    teeTcbSvn: reader.take(16),
    mrSeam: reader.take(48),
    mrSignerSeam: reader.take(48),
    seamAttributes: reader.take(8),
    tdAttributes: reader.take(8),
    xfam: reader.take(8),
    measurements: reader.take(384),
    reportData: reader.take(64)
  }
  const isNewer = bytes.length === BODY_BYTES[3]
  return {
    ...body,
    teeTcbSvn2: isNewer ? reader.take(16) : undefined,
    mrServiceTd: isNewer ? reader.take(48) : undefined
  }
}

type Authentication = Omit<TdxQuote, 'signed' | 'body'>

function takeAuthentication(findings: Findings, quote: Uint8Array, start: number): Authentication {
  const declared = quote.length >= start + 4 ? u32le(quote, start) : 0
  const end = start + 4 + declared
  const fits = declared >= FIXED_AUTH_BYTES && end <= quote.length
  findings.demand(
    'tdx.quote.length',
    fits && isZero(quote.subarray(end)),
    `${declared} bytes of signature data in ${quote.length}`
  )
  const reader = new ByteReader(quote.subarray(start + 4, end))
  const signature = reader.take(64)
  const attestationKey = reader.take(64)
  const outerType = reader.u16le()
  const outerBytes = reader.u32le()
  const isNested = outerType === 6 && outerBytes === reader.remaining
  findings.demand('tdx.quote.certification', isNested, `certification data of type ${outerType}, ${outerBytes} bytes`)
  return findings.parse('tdx.quote.certification', 'certification data 6 with 5 inside, lengths exact', () => {
    const qeReport = reader.take(384)
    const qeReportSignature = reader.take(64)
    const qeAuthData = reader.take(reader.u16le())
    const innerType = reader.u16le()
    const pckChainPem = reader.take(reader.u32le())
    if (innerType !== 5 || reader.remaining !== 0) throw new Error('not a PCK chain that fills the rest')
    return { signature, attestationKey, qeReport, qeReportSignature, qeAuthData, pckChainPem }
  })
}
