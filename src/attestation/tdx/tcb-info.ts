/**
 * Shapes of the signed documents: TCB info version 3 for TDX, QE identity version 2 (Intel PCS API v4). Only what is used
 * is read; every value that is used is checked for type and range.
 *
 * @module
 */
import { hexToBytes } from '../../encoding/index.js'
import { type JsonObject, type JsonValue, parseStrictJson } from '../collateral/strict-json.js'
import { TCB_STATUSES, type TcbStatus } from '../policy/rules.js'

/** One level with what it means. */
export interface TcbLevel<Tcb> {
  readonly tcb: Tcb
  readonly status: TcbStatus
  readonly advisoryIds: readonly string[]
}

/** Platform level: security version numbers of 16 components each. */
export interface PlatformTcb {
  readonly sgx: readonly number[]
  readonly tdx: readonly number[]
  readonly pceSvn: number
}

/** A TDX module as Intel publishes it. */
export interface TdxModule {
  readonly mrSigner: Uint8Array
  readonly attributes: Uint8Array
  readonly attributesMask: Uint8Array
  /** By isvsvn; empty for the unversioned module of TDX 1.0's first form. */
  readonly levels: readonly TcbLevel<number>[]
}

/** What both documents have. */
export interface SignedDocument {
  readonly issueDateMs: number
  readonly nextUpdateMs: number
  readonly evaluationDataNumber: number
}

/** TCB info. */
export interface TcbInfo extends SignedDocument {
  readonly fmspc: Uint8Array
  readonly pceId: Uint8Array
  readonly unversionedModule: TdxModule
  /** By id, e.g. `TDX_01`. */
  readonly modules: ReadonlyMap<string, TdxModule>
  readonly levels: readonly TcbLevel<PlatformTcb>[]
}

/** QE identity. */
export interface QeIdentity extends SignedDocument {
  readonly miscSelect: Uint8Array
  readonly miscSelectMask: Uint8Array
  readonly attributes: Uint8Array
  readonly attributesMask: Uint8Array
  readonly mrSigner: Uint8Array
  readonly isvProdId: number
  readonly levels: readonly TcbLevel<number>[]
}

/** Parses TCB info text. @throws Error for anything that is not version 3 for TDX. */
export function parseTcbInfo(text: string): TcbInfo {
  const body = object(parseStrictJson(text))
  if (body['id'] !== 'TDX' || body['version'] !== 3 || body['tcbType'] !== 0) throw shapeError('id, version or tcbType')
  const modules = new Map<string, TdxModule>()
  for (const item of list(body['tdxModuleIdentities'] ?? [])) {
    const module = object(item)
    const id = text_(module['id'])
    if (modules.has(id)) throw shapeError('a module twice')
    modules.set(id, { ...readModule(module), levels: readLevels(module['tcbLevels'], readIsvSvn) })
  }
  return {
    ...readDocument(body),
    fmspc: hex(body['fmspc'], 6),
    pceId: hex(body['pceId'], 2),
    unversionedModule: { ...readModule(object(body['tdxModule'])), levels: [] },
    modules,
    levels: readLevels(body['tcbLevels'], readPlatformTcb)
  }
}

/** Parses QE identity text. @throws Error for anything that is not version 2 for TDX. */
export function parseQeIdentity(text: string): QeIdentity {
  const body = object(parseStrictJson(text))
  if (body['id'] !== 'TD_QE' || body['version'] !== 2) throw shapeError('id or version')
  return {
    ...readDocument(body),
    miscSelect: hex(body['miscselect'], 4),
    miscSelectMask: hex(body['miscselectMask'], 4),
    attributes: hex(body['attributes'], 16),
    attributesMask: hex(body['attributesMask'], 16),
    mrSigner: hex(body['mrsigner'], 32),
    isvProdId: integer(body['isvprodid'], 65_535),
    levels: readLevels(body['tcbLevels'], readIsvSvn)
  }
}

function readDocument(body: JsonObject): SignedDocument {
  return {
    issueDateMs: time(body['issueDate']),
    nextUpdateMs: time(body['nextUpdate']),
    evaluationDataNumber: integer(body['tcbEvaluationDataNumber'], 2 ** 31)
  }
}

function readModule(module: JsonObject): Omit<TdxModule, 'levels'> {
  return {
    mrSigner: hex(module['mrsigner'], 48),
    attributes: hex(module['attributes'], 8),
    attributesMask: hex(module['attributesMask'], 8)
  }
}

function readLevels<Tcb>(value: JsonValue | undefined, readTcb: (tcb: JsonObject) => Tcb): TcbLevel<Tcb>[] {
  return list(value).map((item) => {
    const level = object(item)
    const status = TCB_STATUSES.find((name) => name === level['tcbStatus'])
    if (status === undefined) throw shapeError('an unknown status')
    return { tcb: readTcb(object(level['tcb'])), status, advisoryIds: list(level['advisoryIDs'] ?? []).map(text_) }
  })
}

function readIsvSvn(tcb: JsonObject): number {
  return integer(tcb['isvsvn'], 65_535)
}

function readPlatformTcb(tcb: JsonObject): PlatformTcb {
  const components = (value: JsonValue | undefined): number[] => {
    const numbers = list(value).map((item) => integer(object(item)['svn'], 255))
    if (numbers.length !== 16) throw shapeError('component count')
    return numbers
  }
  return {
    sgx: components(tcb['sgxtcbcomponents']),
    tdx: components(tcb['tdxtcbcomponents']),
    pceSvn: integer(tcb['pcesvn'], 65_535)
  }
}

function object(value: JsonValue | undefined): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw shapeError('object')
  return value as JsonObject
}

function list(value: JsonValue | undefined): readonly JsonValue[] {
  if (!Array.isArray(value)) throw shapeError('list')
  return value as readonly JsonValue[]
}

function text_(value: JsonValue | undefined): string {
  if (typeof value !== 'string') throw shapeError('text')
  return value
}

function integer(value: JsonValue | undefined, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max) throw shapeError('number')
  return value
}

function hex(value: JsonValue | undefined, length: number): Uint8Array {
  const bytes = hexToBytes(text_(value))
  if (bytes.length !== length) throw shapeError('length of hex')
  return bytes
}

function time(value: JsonValue | undefined): number {
  const text = text_(value)
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) throw shapeError('time')
  const unixMs = Date.parse(text)
  if (!Number.isFinite(unixMs)) throw shapeError('time')
  return unixMs
}

function shapeError(what: string): Error {
  return new Error(`unexpected ${what}`)
}
