/**
 * A synthetic Intel and AMD for tests: roots, PCK and VCEK, quoting enclave, TCB info, lists, quotes, reports and the
 * certificates around them. Every part can be changed before it is signed, so that each failure can be made by name.
 *
 * @module
 */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { DevnetTrust, SnpCollateral, TdxCollateral } from '../../src/attestation/index.js'
import { createDevnetTrust } from '../../src/attestation/trust.js'
import {
  contextTag,
  DER_TAG,
  derBitString,
  derBoolean,
  derOctetString,
  derOid,
  derSequence,
  derSet,
  derText,
  derTime,
  derUnsigned,
  encodeDer
} from '../../src/encoding/der/index.js'
import { concatBytes } from '../../src/encoding/index.js'
import {
  createEd25519Certificate,
  type CertificateExtension,
  encodeCertificatePem,
  referenceExtensions
} from '../../src/encoding/x509/index.js'

/** The time around which everything synthetic is valid. */
export const SYNTHETIC_NOW: Date = new Date('2026-04-10T12:00:00Z')

const DAY_MS = 86_400_000
const at = (days: number): Date => new Date(SYNTHETIC_NOW.getTime() + days * DAY_MS)
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const sha = (name: string, ...parts: Uint8Array[]): Uint8Array =>
  new Uint8Array(
    createHash(name)
      .update(concatBytes(...parts))
      .digest()
  )

/** A key with what X.509 needs of it. */
export interface SyntheticKey {
  readonly privateKey: KeyObject
  readonly spki: Uint8Array
  readonly kind: 'P-256' | 'P-384' | 'RSA'
}

export function makeKey(kind: SyntheticKey['kind']): SyntheticKey {
  const { privateKey, publicKey } =
    kind === 'RSA'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: kind })
  return { privateKey, spki: new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })), kind }
}

/** Point `X ‖ Y` of a P-256 key. */
export function pointOf(key: SyntheticKey): Uint8Array {
  return key.spki.subarray(key.spki.length - 64)
}

const PSS_PARAMETERS = Buffer.from(
  '3034a00f300d06096086480165030402020500a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130',
  'hex'
)

function algorithmOf(key: SyntheticKey): Uint8Array {
  if (key.kind === 'RSA') return derSequence(derOid('1.2.840.113549.1.1.10'), new Uint8Array(PSS_PARAMETERS))
  return derSequence(derOid(key.kind === 'P-256' ? '1.2.840.10045.4.3.2' : '1.2.840.10045.4.3.3'))
}

export function signDer(key: SyntheticKey, data: Uint8Array): Uint8Array {
  if (key.kind === 'RSA')
    return new Uint8Array(sign('sha384', data, { key: key.privateKey, padding: 6, saltLength: 48 }))
  return new Uint8Array(sign(key.kind === 'P-256' ? 'sha256' : 'sha384', data, key.privateKey))
}

export function signRaw(key: SyntheticKey, data: Uint8Array): Uint8Array {
  const hash = key.kind === 'P-256' ? 'sha256' : 'sha384'
  return new Uint8Array(sign(hash, data, { key: key.privateKey, dsaEncoding: 'ieee-p1363' }))
}

function nameOf(commonName: string): Uint8Array {
  return derSequence(derSet(derSequence(derOid('2.5.4.3'), derText(DER_TAG.utf8String, commonName))))
}

/** What a synthetic certificate says. */
export interface CertificateSpec {
  readonly subject: string
  readonly issuer: string
  readonly serial: number
  readonly notBefore?: Date
  readonly notAfter?: Date
  readonly ca?: boolean
  readonly extensions?: readonly CertificateExtension[]
}

function encodeExtensions(extensions: readonly CertificateExtension[]): Uint8Array {
  return derSequence(
    ...extensions.map(({ oid, critical, value }) =>
      derSequence(derOid(oid), ...(critical ? [derBoolean(true)] : []), derOctetString(value))
    )
  )
}

export function issue(spec: CertificateSpec, key: SyntheticKey, issuerKey: SyntheticKey): Uint8Array {
  const usage = spec.ca === true ? derBitString(Uint8Array.of(0x06), 1) : derBitString(Uint8Array.of(0xc0), 6)
  const extensions: CertificateExtension[] = [
    { oid: '2.5.29.15', critical: true, value: usage },
    { oid: '2.5.29.19', critical: true, value: spec.ca === true ? derSequence(derBoolean(true)) : derSequence() },
    ...(spec.extensions ?? [])
  ]
  const algorithm = algorithmOf(issuerKey)
  const body = derSequence(
    encodeDer(contextTag(0), derUnsigned(2)),
    derUnsigned(spec.serial),
    algorithm,
    nameOf(spec.issuer),
    derSequence(derTime(spec.notBefore ?? at(-1000)), derTime(spec.notAfter ?? at(1000))),
    nameOf(spec.subject),
    spkiOf(key),
    encodeDer(contextTag(3), encodeExtensions(extensions))
  )
  return derSequence(body, algorithm, derBitString(signDer(issuerKey, body)))
}

function spkiOf(key: SyntheticKey): Uint8Array {
  return key.spki
}

/** What a synthetic revocation list says. */
export interface CrlSpec {
  readonly issuer: string
  readonly thisUpdate?: Date
  readonly nextUpdate?: Date
  readonly revoked?: readonly number[]
}

export function issueCrl(spec: CrlSpec, issuerKey: SyntheticKey): Uint8Array {
  const algorithm = algorithmOf(issuerKey)
  const revoked = (spec.revoked ?? []).map((serial) => derSequence(derUnsigned(serial), derTime(at(-2))))
  const body = derSequence(
    derUnsigned(1),
    algorithm,
    nameOf(spec.issuer),
    derTime(spec.thisUpdate ?? at(-5)),
    derTime(spec.nextUpdate ?? at(25)),
    ...(revoked.length > 0 ? [derSequence(...revoked)] : [])
  )
  return derSequence(body, algorithm, derBitString(signDer(issuerKey, body)))
}

const ROOT = 'Intel SGX Root CA'
const PLATFORM_CA = 'Intel SGX PCK Platform CA'
const SERIALS = { root: 1, platformCa: 2, signing: 3, pck: 4 } as const

/** Changes to the synthetic Intel's world; everything absent is good. */
export interface IntelFaults {
  readonly status?: string
  readonly advisoryIds?: readonly string[]
  readonly moduleStatus?: string
  readonly enclaveStatus?: string
  readonly fmspc?: string
  readonly tcbInfo?: (info: Record<string, unknown>) => void
  readonly qeIdentity?: (identity: Record<string, unknown>) => void
  readonly body?: (body: Uint8Array) => void
  readonly header?: (header: Uint8Array) => void
  readonly qeReport?: (report: Uint8Array) => void
  readonly revoked?: readonly (keyof typeof SERIALS)[]
  readonly rootCrl?: Partial<CrlSpec>
  readonly pckCrl?: Partial<CrlSpec>
  readonly pck?: Partial<CertificateSpec>
  readonly signing?: Partial<CertificateSpec>
  /** Version 5 with a TD 1.5 body. */
  readonly version5?: boolean
  /** Signs TCB info with this key and chain instead. */
  readonly signWithPck?: boolean
  readonly trailing?: Uint8Array
}

/** A whole synthetic Intel with one quote. */
export interface SyntheticIntel {
  readonly trust: DevnetTrust
  readonly root: Uint8Array
  readonly quote: Uint8Array
  readonly collateral: TdxCollateral
}

const keys = {
  root: makeKey('P-256'),
  platformCa: makeKey('P-256'),
  signing: makeKey('P-256'),
  pck: makeKey('P-256'),
  attestation: makeKey('P-256')
}
const QE_SIGNER = new Uint8Array(32).fill(0x51)
const rootCertificate = issue({ subject: ROOT, issuer: ROOT, serial: SERIALS.root, ca: true }, keys.root, keys.root)
const platformCa = issue(
  { subject: PLATFORM_CA, issuer: ROOT, serial: SERIALS.platformCa, ca: true },
  keys.platformCa,
  keys.root
)
const trust = createDevnetTrust({ name: 'synthetic', intelRoot: rootCertificate })

const SGX = '1.2.840.113741.1.13.1'

function sgxExtension(): CertificateExtension {
  const pair = (oid: string, value: Uint8Array): Uint8Array => derSequence(derOid(oid), value)
  const components = Array.from({ length: 16 }, (_, index) => pair(`${SGX}.2.${index + 1}`, derUnsigned(3)))
  const tcb = derSequence(
    ...components,
    pair(`${SGX}.2.17`, derUnsigned(11)),
    pair(`${SGX}.2.18`, derOctetString(new Uint8Array(16).fill(3)))
  )
  return {
    oid: SGX,
    critical: false,
    value: derSequence(
      pair(`${SGX}.1`, derOctetString(new Uint8Array(16))),
      pair(`${SGX}.2`, tcb),
      pair(`${SGX}.3`, derOctetString(new Uint8Array(2))),
      pair(`${SGX}.4`, derOctetString(Uint8Array.of(0x90, 0xc0, 0x6f, 0, 0, 0))),
      pair(`${SGX}.5`, encodeDer(DER_TAG.enumerated, Uint8Array.of(1)))
    )
  }
}

function level(tcb: unknown, status: string, advisoryIDs: readonly string[] = []): Record<string, unknown> {
  return { tcb, tcbDate: '2025-01-01T00:00:00Z', tcbStatus: status, ...(advisoryIDs.length > 0 ? { advisoryIDs } : {}) }
}

function tcbInfoOf(faults: IntelFaults): Record<string, unknown> {
  const components = (svn: number): unknown[] => Array.from({ length: 16 }, () => ({ svn }))
  const module = { mrsigner: '00'.repeat(48), attributes: '00'.repeat(8), attributesMask: 'FF'.repeat(8) }
  const info = {
    id: 'TDX',
    version: 3,
    issueDate: at(-5).toISOString().replace('.000', ''),
    nextUpdate: at(25).toISOString().replace('.000', ''),
    fmspc: faults.fmspc ?? '90C06F000000',
    pceId: '0000',
    tcbType: 0,
    tcbEvaluationDataNumber: 18,
    tdxModule: module,
    tdxModuleIdentities: [
      { id: 'TDX_01', ...module, tcbLevels: [level({ isvsvn: 5 }, faults.moduleStatus ?? 'UpToDate')] }
    ],
    tcbLevels: [
      level(
        { sgxtcbcomponents: components(3), pcesvn: 11, tdxtcbcomponents: components(3).with(1, { svn: 0 }) },
        faults.status ?? 'UpToDate',
        faults.advisoryIds
      )
    ]
  }
  faults.tcbInfo?.(info)
  return info
}

function qeIdentityOf(faults: IntelFaults): Record<string, unknown> {
  const identity = {
    id: 'TD_QE',
    version: 2,
    issueDate: at(-5).toISOString().replace('.000', ''),
    nextUpdate: at(25).toISOString().replace('.000', ''),
    tcbEvaluationDataNumber: 18,
    miscselect: '00000000',
    miscselectMask: 'FFFFFFFF',
    attributes: `11${'00'.repeat(15)}`,
    attributesMask: 'FBFFFFFFFFFFFFFF0000000000000000',
    mrsigner: hex(QE_SIGNER).toUpperCase(),
    isvprodid: 2,
    tcbLevels: [level({ isvsvn: 4 }, faults.enclaveStatus ?? 'UpToDate')]
  }
  faults.qeIdentity?.(identity)
  return identity
}

function bodyOf(reportData: Uint8Array, faults: IntelFaults): Uint8Array {
  const body = new Uint8Array(faults.version5 === true ? 648 : 584)
  body.set([5, 1, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3])
  body.fill(0x49, 16, 64)
  body.set([0, 0, 0, 0x10], 120)
  body.set([0xe7, 2, 6], 128)
  for (let register = 0; register < 8; register++) body.fill(0x10 + register, 136 + 48 * register, 184 + 48 * register)
  body.set(reportData, 520)
  if (faults.version5 === true) body.set(body.subarray(0, 16), 584)
  faults.body?.(body)
  return body
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, value >> 8)
}

function u32(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24)
}

/** Makes a quote over `reportData` with its collateral. */
export function createSyntheticIntel(reportData: Uint8Array, faults: IntelFaults = {}): SyntheticIntel {
  const signingCertificate = issue(
    { subject: 'Intel SGX TCB Signing', issuer: ROOT, serial: SERIALS.signing, ...faults.signing },
    keys.signing,
    keys.root
  )
  const pckSpec = {
    subject: 'Intel SGX PCK Certificate',
    issuer: PLATFORM_CA,
    serial: SERIALS.pck,
    extensions: [sgxExtension()]
  }
  const pckCertificate = issue({ ...pckSpec, ...faults.pck }, keys.pck, keys.platformCa)
  const header = concatBytes(
    u16(faults.version5 === true ? 5 : 4),
    u16(2),
    u32(0x81),
    u32(0),
    Buffer.from('939a7233f79c4ca9940a0db3957f0607', 'hex'),
    new Uint8Array(20)
  )
  faults.header?.(header)
  const body = bodyOf(reportData, faults)
  const signed = faults.version5 === true ? concatBytes(header, u16(3), u32(648), body) : concatBytes(header, body)
  const authData = new Uint8Array(32).fill(7)
  const qeReport = new Uint8Array(384)
  qeReport[48] = 0x15
  qeReport.set(QE_SIGNER, 128)
  qeReport.set(u16(2), 256)
  qeReport.set(u16(4), 258)
  qeReport.set(sha('sha256', pointOf(keys.attestation), authData), 320)
  faults.qeReport?.(qeReport)
  const chain = [pckCertificate, platformCa, rootCertificate].map(encodeCertificatePem).join('')
  const pem = concatBytes(new TextEncoder().encode(chain), Uint8Array.of(0))
  const inner = concatBytes(
    qeReport,
    signRaw(keys.pck, qeReport),
    u16(authData.length),
    authData,
    u16(5),
    u32(pem.length),
    pem
  )
  const authentication = concatBytes(
    signRaw(keys.attestation, signed),
    pointOf(keys.attestation),
    u16(6),
    u32(inner.length),
    inner
  )
  const quote = concatBytes(signed, u32(authentication.length), authentication, faults.trailing ?? new Uint8Array(16))

  const serials = (faults.revoked ?? []).map((name) => SERIALS[name])
  const signer = faults.signWithPck === true ? keys.pck : keys.signing
  const signerChain =
    encodeCertificatePem(faults.signWithPck === true ? pckCertificate : signingCertificate) +
    encodeCertificatePem(rootCertificate)
  const tcbInfo = JSON.stringify(tcbInfoOf(faults))
  const qeIdentity = JSON.stringify(qeIdentityOf(faults))
  const text = new TextEncoder()
  return {
    trust,
    root: rootCertificate,
    quote,
    collateral: {
      pck_crl_issuer_chain: encodeCertificatePem(platformCa) + encodeCertificatePem(rootCertificate),
      root_ca_crl: hex(
        issueCrl(
          { issuer: ROOT, revoked: serials.filter((serial) => serial !== SERIALS.pck), ...faults.rootCrl },
          keys.root
        )
      ),
      pck_crl: hex(
        issueCrl(
          { issuer: PLATFORM_CA, revoked: serials.filter((serial) => serial === SERIALS.pck), ...faults.pckCrl },
          keys.platformCa
        )
      ),
      tcb_info_issuer_chain: signerChain,
      tcb_info: tcbInfo,
      tcb_info_signature: hex(signRaw(signer, text.encode(tcbInfo))),
      qe_identity_issuer_chain: signerChain,
      qe_identity: qeIdentity,
      qe_identity_signature: hex(signRaw(signer, text.encode(qeIdentity)))
    }
  }
}

/** A peer: its certificate around synthetic TDX evidence. */
export interface SyntheticPeer extends SyntheticIntel {
  readonly certificate: Uint8Array
  readonly publicKey: Uint8Array
}

/** Changes to the certificate around evidence. */
export interface PeerFaults {
  readonly notBefore?: Date
  readonly notAfter?: Date
  readonly extensions?: (extensions: CertificateExtension[]) => CertificateExtension[]
  readonly version?: 1 | 3
  /** Binds the evidence to another key. */
  readonly otherKey?: boolean
}

/** Makes a peer with synthetic TDX evidence. */
export async function createSyntheticPeer(faults: IntelFaults = {}, peer: PeerFaults = {}): Promise<SyntheticPeer> {
  let intel: SyntheticIntel | undefined
  const made = await createEd25519Certificate({
    notBefore: peer.notBefore ?? at(-0.01),
    notAfter: peer.notAfter ?? at(0.9),
    serial: Uint8Array.of(0x42),
    version: peer.version ?? 1,
    extensions: async (key) => {
      intel = createSyntheticIntel(sha('sha512', peer.otherKey === true ? new Uint8Array(32) : key), faults)
      const extensions = await referenceExtensions(key, [
        { oid: '1.3.6.1.4.1.12345.1', critical: true, value: intel.quote },
        { oid: '1.3.6.1.4.1.12345.2', critical: true, value: key }
      ])
      return peer.extensions?.(extensions) ?? extensions
    }
  })
  if (intel === undefined) throw new Error('no evidence was made')
  return { ...intel, certificate: made.certificateDer, publicKey: made.publicKey }
}

/** Changes to the synthetic AMD's world. */
export interface AmdFaults {
  readonly product?: string
  readonly report?: (report: Uint8Array) => void
  readonly unsignedReport?: (report: Uint8Array) => void
  readonly vcek?: Partial<CertificateSpec>
  readonly crl?: Partial<CrlSpec>
  /** Patch levels in the VCEK: bootloader, tee, snp, microcode. */
  readonly levels?: readonly [number, number, number, number]
}

/** A whole synthetic AMD with one report. */
export interface SyntheticAmd {
  readonly trust: DevnetTrust
  readonly report: Uint8Array
  readonly vcekPem: string
  readonly collateral: SnpCollateral
}

const amdKeys = { ark: makeKey('RSA'), ask: makeKey('RSA'), vcek: makeKey('P-384') }
const ark = issue({ subject: 'ARK-Milan', issuer: 'ARK-Milan', serial: 0x10, ca: true }, amdKeys.ark, amdKeys.ark)
const ask = issue({ subject: 'SEV-Milan', issuer: 'ARK-Milan', serial: 0x11, ca: true }, amdKeys.ask, amdKeys.ark)
const amdTrust = createDevnetTrust({ name: 'synthetic', intelRoot: rootCertificate, amdRoots: { Milan: ark } })
const AMD = '1.3.6.1.4.1.3704.1'

/** Makes an AMD report over `reportData` with its collateral (product line Milan). */
export function createSyntheticAmd(reportData: Uint8Array, faults: AmdFaults = {}): SyntheticAmd {
  const chip = new Uint8Array(64).fill(0xc1)
  const [bootloader, tee, snp, microcode] = faults.levels ?? [4, 0, 24, 219]
  const plain = (oid: string, value: Uint8Array): CertificateExtension => ({ oid, critical: false, value })
  const extensions = [
    plain(`${AMD}.1`, derUnsigned(0)),
    plain(`${AMD}.2`, derText(DER_TAG.ia5String, faults.product ?? 'Milan-B0')),
    plain(`${AMD}.3.1`, derUnsigned(bootloader)),
    plain(`${AMD}.3.2`, derUnsigned(tee)),
    plain(`${AMD}.3.3`, derUnsigned(snp)),
    plain(`${AMD}.3.8`, derUnsigned(microcode)),
    plain(`${AMD}.4`, chip)
  ]
  const vcek = issue(
    { subject: 'SEV-VCEK', issuer: 'SEV-Milan', serial: 0x12, extensions, ...faults.vcek },
    amdKeys.vcek,
    amdKeys.ask
  )
  const report = new Uint8Array(1184)
  report[0] = 2
  report.set([0, 0, 3], 8)
  report[52] = 1
  report.set(reportData, 80)
  report.fill(0x92, 144, 192)
  for (const offset of [56, 384, 480, 496]) report.set([4, 0, 0, 0, 0, 0, 24, 219], offset)
  report.set(chip, 416)
  faults.report?.(report)
  const signature = signRaw(amdKeys.vcek, report.subarray(0, 672))
  report.set(signature.slice(0, 48).toReversed(), 672)
  report.set(signature.slice(48).toReversed(), 744)
  faults.unsignedReport?.(report)
  const vcekPem = encodeCertificatePem(vcek)
  return {
    trust: amdTrust,
    report,
    vcekPem,
    collateral: {
      cert_chain: encodeCertificatePem(ask) + encodeCertificatePem(ark),
      crl: hex(issueCrl({ issuer: 'ARK-Milan', ...faults.crl }, amdKeys.ark)),
      vcek: vcekPem
    }
  }
}

/** A peer with synthetic AMD evidence. */
export async function createSyntheticAmdPeer(
  faults: AmdFaults = {},
  change: (extensions: CertificateExtension[]) => CertificateExtension[] = (extensions) => extensions
): Promise<SyntheticAmd & { readonly certificate: Uint8Array }> {
  let amd: SyntheticAmd | undefined
  const made = await createEd25519Certificate({
    notBefore: at(-0.01),
    notAfter: at(0.9),
    serial: Uint8Array.of(0x43),
    version: 1,
    extensions: async (key) => {
      const reportData = sha('sha512', key)
      amd = createSyntheticAmd(reportData, faults)
      return change(
        await referenceExtensions(key, [
          { oid: '1.3.6.1.4.1.12345.100', critical: true, value: reportData },
          { oid: '1.3.6.1.4.1.12345.101', critical: true, value: amd.report },
          { oid: '1.3.6.1.4.1.12345.102', critical: true, value: new TextEncoder().encode(amd.vcekPem) }
        ])
      )
    }
  })
  if (amd === undefined) throw new Error('no evidence was made')
  return { ...amd, certificate: made.certificateDer }
}
