/**
 * A synthetic Intel: root, PCK platform CA, TCB signing key, CRLs, signed documents, and a machine with a quoting enclave
 * that makes quotes. Everything verifies against its own root, by the rules that hold for Intel's.
 *
 * Source: attestation.md §1, §5; Intel, "SGX PCK Certificate and CRL Profile Specification".
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import type { TdxCollateral } from '../../attestation/index.js'
import {
  DER_TAG,
  derBoolean,
  derOctetString,
  derOid,
  derSequence,
  derUnsigned,
  encodeDer
} from '../../encoding/der/index.js'
import { bytesToHex, concatBytes, encodeUtf8 } from '../../encoding/index.js'
import { type CertificateExtension, encodeCertificatePem, type NameAttribute } from '../../encoding/x509/index.js'
import {
  createKey,
  issueCertificate,
  issueCrl,
  type IssuedCertificate,
  pointOf,
  signRaw,
  type Validity,
  type VendorKey
} from './issue.js'
import { PLATFORM } from './platform.js'
import { qeIdentityText, tcbInfoText } from './tcb-documents.js'
import { assembleQuote, enclaveReport, signedPart } from './tdx-quote.js'
import type { CertificateFlaw, TdxRecipe } from './tdx-recipe.js'

/** Certificates of one root. */
interface Authority {
  readonly root: IssuedCertificate
  readonly platformCa: IssuedCertificate
}

const SGX = '1.2.840.113741.1.13.1'
const DAY_MS = 86_400_000
const YEAR_MS = 365 * DAY_MS
/** Evaluation data number of the devnet's documents; its policy demands no less. */
export const EVALUATION_DATA_NUMBER = 18

/** A vendor with one machine. Keys are fresh for each, and live in memory only. */
export class SyntheticIntel {
  readonly #recipe: TdxRecipe
  readonly #nowMs: number
  readonly #authority: Authority
  readonly #pckKey = createKey('P-256')
  readonly #pckChainPem: string
  readonly #attestationKey = createKey('P-256')
  readonly #strangerKey = createKey('P-256')
  readonly #authenticationData = new Uint8Array(randomBytes(32))
  /** Everything that a verifier needs beside the quote. In the good case it is a {@link TdxCollateral}. */
  readonly collateral: unknown

  constructor(nowMs: number, recipe: TdxRecipe = {}) {
    this.#nowMs = nowMs
    this.#recipe = recipe
    this.#authority = this.#createAuthority()
    const pck = this.#issuePck(recipe.pck?.isForeign === true ? this.#createAuthority() : this.#authority)
    this.#pckChainPem = pck.chainPem
    const collateral = this.#createCollateral(pck.leaf)
    this.collateral = recipe.changeCollateral === undefined ? collateral : recipe.changeCollateral(collateral)
  }

  /** The root certificate, DER. */
  get rootDer(): Uint8Array {
    return this.#authority.root.der
  }

  /** A quote for a TLS key. @param reportData - Default: SHA-512 of the key. */
  quoteFor(publicKey: Uint8Array, reportData: Uint8Array = sha512(publicKey)): Uint8Array {
    const { editSigned, editEnclaveReport, changeQuote, changePem, quoteVersion = 4 } = this.#recipe
    const signed = signedPart(quoteVersion, reportData)
    editSigned?.(signed)
    const attestationPoint = pointOf(this.#attestationKey).subarray(1)
    const vouched = createHash('sha256').update(attestationPoint).update(this.#authenticationData).digest()
    const report = enclaveReport(vouched)
    editEnclaveReport?.(report)
    const quote = assembleQuote({
      signed,
      signature: signRaw(this.#attestationKey, signed),
      attestationKey: attestationPoint,
      enclaveReport: report,
      enclaveReportSignature: signRaw(this.#pckKey, report),
      authenticationData: this.#authenticationData,
      pckChainPem: encodeUtf8(changePem?.(this.#pckChainPem) ?? this.#pckChainPem)
    })
    return changeQuote?.(quote) ?? quote
  }

  #createAuthority(): Authority {
    const validity = this.#validity({})
    const root = issueCertificate({
      name: name('Intel SGX Root CA'),
      key: createKey('P-256'),
      pathLength: 1,
      ...validity
    })
    const platformCa = issueCertificate(
      { name: name('Intel SGX PCK Platform CA'), key: createKey('P-256'), pathLength: 0, ...validity },
      root
    )
    return { root, platformCa }
  }

  #issuePck({ root, platformCa }: Authority): { readonly leaf: IssuedCertificate; readonly chainPem: string } {
    const flaw = this.#recipe.pck ?? {}
    const leaf = issueCertificate(
      {
        name: name(flaw.name ?? 'Intel SGX PCK Certificate'),
        key: this.#pckKey,
        extensions: flaw.withoutExtension === true ? [] : [pckExtension()],
        ...this.#validity(flaw)
      },
      platformCa,
      this.#forger(flaw.isForged)
    )
    const chain = [leaf, platformCa, ...(flaw.withoutRoot === true ? [] : [root])]
    return { leaf, chainPem: pem(chain) }
  }

  #createCollateral(pck: IssuedCertificate): TdxCollateral {
    const {
      revoked,
      signer: flaw = {},
      status,
      moduleStatus,
      enclaveStatus,
      tcbInfo,
      qeIdentity,
      changeTcbInfoText
    } = this.#recipe
    const { root, platformCa } = this.#authority
    const signerRoot = flaw.isForeign === true ? this.#createAuthority().root : root
    const signer = issueCertificate(
      { name: name(flaw.name ?? 'Intel SGX TCB Signing'), key: createKey('P-256'), ...this.#validity(flaw) },
      signerRoot,
      this.#forger(flaw.isForged)
    )
    const underRoot = { 'platform-ca': platformCa, signer, pck: undefined }
    const rootRevoked = revoked === undefined ? undefined : underRoot[revoked]
    const crl = (
      issuer: IssuedCertificate,
      document: 'pck-crl' | 'root-crl',
      bad: IssuedCertificate | undefined
    ): string => {
      const { issuedMs, nextUpdateMs } = this.#dates(document)
      const revokedSerials = bad === undefined ? [] : [bad.serial]
      const content = { thisUpdateMs: issuedMs, nextUpdateMs, revoked: revokedSerials }
      return bytesToHex(issueCrl(issuer, content, this.#forger(this.#recipe.forged?.includes(document))))
    }
    const signText = (document: 'tcb-info' | 'qe-identity', text: string): string =>
      bytesToHex(signRaw(this.#forger(this.#recipe.forged?.includes(document)) ?? signer.key, encodeUtf8(text)))
    const plainTcbInfo = tcbInfoText(this.#dates('tcb-info'), status ?? 'UpToDate', moduleStatus ?? 'UpToDate', tcbInfo)
    const tcb_info = changeTcbInfoText?.(plainTcbInfo) ?? plainTcbInfo
    const qe_identity = qeIdentityText(this.#dates('qe-identity'), enclaveStatus ?? 'UpToDate', qeIdentity)
    return {
      pck_crl_issuer_chain: pem([platformCa, root]),
      root_ca_crl: crl(root, 'root-crl', rootRevoked),
      pck_crl: crl(platformCa, 'pck-crl', revoked === 'pck' ? pck : undefined),
      tcb_info_issuer_chain: pem([signer, signerRoot]),
      tcb_info,
      tcb_info_signature: signText('tcb-info', tcb_info),
      qe_identity_issuer_chain: pem([signer, signerRoot]),
      qe_identity,
      qe_identity_signature: signText('qe-identity', qe_identity)
    }
  }

  #dates(document: 'tcb-info' | 'qe-identity' | 'pck-crl' | 'root-crl'): {
    readonly issuedMs: number
    readonly nextUpdateMs: number
    readonly evaluationDataNumber: number
  } {
    const isExpired = this.#recipe.expired?.includes(document) === true
    const issuedMs = this.#nowMs - (isExpired ? 31 * DAY_MS : DAY_MS / 24)
    const { evaluationDataNumber = EVALUATION_DATA_NUMBER } = this.#recipe
    return { issuedMs, nextUpdateMs: issuedMs + 30 * DAY_MS, evaluationDataNumber }
  }

  #validity({ isExpired }: CertificateFlaw): Validity {
    const notAfterMs = this.#nowMs + (isExpired === true ? -DAY_MS : 7 * YEAR_MS)
    return { notBeforeMs: this.#nowMs - YEAR_MS, notAfterMs }
  }

  #forger(isForged: boolean | undefined): VendorKey | undefined {
    return isForged === true ? this.#strangerKey : undefined
  }
}

/** Distinguished names as Intel writes them, with the devnet as the organisation. */
function name(commonName: string): readonly NameAttribute[] {
  return [
    { oid: '2.5.4.3', text: commonName },
    { oid: '2.5.4.10', text: 'cocoonkit devnet, not Intel' },
    { oid: '2.5.4.6', text: 'XX' }
  ]
}

function pem(chain: readonly IssuedCertificate[]): string {
  return chain.map(({ der }) => encodeCertificatePem(der)).join('')
}

function pckExtension(): CertificateExtension {
  const pair = (suffix: string, value: Uint8Array): Uint8Array => derSequence(derOid(`${SGX}.${suffix}`), value)
  const { components, pceSvn, ppid, pceId, fmspc } = PLATFORM
  const tcb = [...components, pceSvn].map((svn, index) => pair(`2.${index + 1}`, derUnsigned(svn)))
  const cpuSvn = pair('2.18', derOctetString(Uint8Array.from(components)))
  const configuration = [1, 2, 3].map((index) => pair(`7.${index}`, derBoolean(index !== 1)))
  const value = derSequence(
    pair('1', derOctetString(ppid)),
    pair('2', derSequence(...tcb, cpuSvn)),
    pair('3', derOctetString(pceId)),
    pair('4', derOctetString(fmspc)),
    pair('5', encodeDer(DER_TAG.enumerated, Uint8Array.of(1))),
    pair('6', derOctetString(concatBytes(ppid))),
    pair('7', derSequence(...configuration))
  )
  return { oid: SGX, critical: false, value }
}

function sha512(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha512').update(bytes).digest())
}
