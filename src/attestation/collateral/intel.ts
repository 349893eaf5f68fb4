/**
 * Sources that speak Intel's certification service: Intel's own PCS, and PCCS, its cache that operators run (Intel PCS API
 * v4; PCCS answers CRLs as hex text). The signed bodies are cut out of the answers as they stand, byte for byte.
 *
 * @module
 */
import { bytesToHex, decodeUtf8Strict } from '../../encoding/index.js'
import type { SnpCollateral } from '../snp/collateral.js'
import type { TdxCollateral } from '../tdx/collateral.js'
import { boundedFetch, collateralError, type FetchedBody, type HttpSourceOptions } from './bounded-fetch.js'
import type { CollateralSource } from './source.js'
import { sourceOfMembers } from './strict-json.js'

/** Options of {@link intelPcs}. */
export interface IntelPcsOptions extends HttpSourceOptions {
  /** Which evaluation data to ask for. Default `standard`; `early` knows of updates sooner. */
  readonly update?: 'standard' | 'early' | undefined
}

const PCS = 'https://api.trustedservices.intel.com'
const ROOT_CRL = 'https://certificates.trustedservices.intel.com/IntelSGXRootCA.der'

/** Intel's own service. Browsers cannot reach it (no CORS); they need {@link collateralRelay}. */
export function intelPcs(options: IntelPcsOptions = {}): CollateralSource {
  return certificationService('Intel PCS', PCS, ROOT_CRL, options)
}

/**
 * A PCCS.
 *
 * @param url - Origin, or origin and path, without `/sgx/…`.
 */
export function pccs(url: string, options: IntelPcsOptions = {}): CollateralSource {
  const base = url.replace(/\/+$/, '')
  if (!URL.canParse(base) || !/^https?:$/.test(new URL(base).protocol))
    throw collateralError('the address of the PCCS is not an HTTP URL')
  return certificationService('PCCS', base, `${base}/sgx/certification/v4/rootcacrl`, options)
}

function certificationService(
  name: string,
  base: string,
  rootCrlUrl: string,
  options: IntelPcsOptions
): CollateralSource {
  return {
    name,
    async fetch(request, { signal }): Promise<TdxCollateral | SnpCollateral> {
      if (request.kind !== 'tdx') throw collateralError(`${name} has none for AMD`)
      const get = (url: string): Promise<FetchedBody> => boundedFetch(url, options, signal)
      const update = options.update ?? 'standard'
      const [tcb, identity, crl, rootCrl] = await Promise.all([
        get(`${base}/tdx/certification/v4/tcb?fmspc=${request.fmspc}&update=${update}`),
        get(`${base}/tdx/certification/v4/qe/identity?update=${update}`),
        get(`${base}/sgx/certification/v4/pckcrl?ca=${request.ca}&encoding=der`),
        get(rootCrlUrl)
      ])
      try {
        return assemble(tcb, identity, crl, rootCrl)
      } catch (error) {
        throw collateralError(`${name} answered something that is not collateral`, error)
      }
    }
  }
}

function assemble(tcb: FetchedBody, identity: FetchedBody, crl: FetchedBody, rootCrl: FetchedBody): TdxCollateral {
  const [tcb_info, tcb_info_signature] = cutOut(tcb, 'tcbInfo')
  const [qe_identity, qe_identity_signature] = cutOut(identity, 'enclaveIdentity')
  return {
    pck_crl_issuer_chain: chainHeader(crl, 'SGX-PCK-CRL-Issuer-Chain'),
    root_ca_crl: derAsHex(rootCrl.body),
    pck_crl: derAsHex(crl.body),
    tcb_info_issuer_chain: chainHeader(tcb, 'TCB-Info-Issuer-Chain', 'SGX-TCB-Info-Issuer-Chain'),
    tcb_info,
    tcb_info_signature,
    qe_identity_issuer_chain: chainHeader(identity, 'SGX-Enclave-Identity-Issuer-Chain'),
    qe_identity,
    qe_identity_signature
  }
}

/** Text of a signed member, and its signature. */
function cutOut(answer: FetchedBody, member: string): [body: string, signature: string] {
  const members = sourceOfMembers(decodeUtf8Strict(answer.body))
  const [body, signature] = [members.get(member), members.get('signature')]
  if (body === undefined || signature === undefined) throw collateralError(`an answer without ${member}`)
  const text: unknown = JSON.parse(signature)
  if (typeof text !== 'string') throw collateralError('an answer without a signature')
  return [body, text.toLowerCase()]
}

/** A PEM chain out of a header, where it stands percent-encoded. */
function chainHeader(answer: FetchedBody, ...names: readonly string[]): string {
  const value = names.map((name) => answer.headers.get(name)).find((text) => text !== null)
  if (value === undefined || value === null) throw collateralError('an answer without its issuer chain')
  return decodeURIComponent(value)
}

/** PCS answers DER, PCCS answers the same as hex text. */
function derAsHex(body: Uint8Array): string {
  return body[0] === 0x30 && body[1] !== undefined && body[1] >= 0x80
    ? bytesToHex(body)
    : decodeUtf8Strict(body).trim().toLowerCase()
}
