/**
 * The VCEK: the key of one AMD chip at one firmware level, certified by AMD (AMD 57230, extensions below
 * 1.3.6.1.4.1.3704.1; v3.md §6.4).
 *
 * @module
 */
import { DER_TAG, decodeDerNumber, readDer } from '../../encoding/der/index.js'
import { decodeUtf8Strict } from '../../encoding/index.js'
import type { ParsedCertificate } from '../../encoding/x509/index.js'
import type { FullSnpTcb, SnpProductLine } from './tcb.js'

/** What a VCEK says of its chip. */
export interface VcekFacts {
  /** As written, with stepping, e.g. `Milan-B0`. */
  readonly productName: string
  /** Line whose root certifies it; `undefined` for a product that is not known. */
  readonly line: SnpProductLine | undefined
  readonly hardwareId: Uint8Array
  readonly tcb: FullSnpTcb
}

const AMD = '1.3.6.1.4.1.3704.1'
/** Siena is certified below Genoa's root. */
const LINES: Readonly<Record<string, SnpProductLine>> = {
  Milan: 'Milan',
  Genoa: 'Genoa',
  Siena: 'Genoa',
  Turin: 'Turin'
}
const CHIP_ID_BYTES = 64
const TURIN_CHIP_ID_BYTES = 8

/** Reads the extensions. @throws Error or CocoonError when one is missing or malformed. */
export function readVcek(certificate: ParsedCertificate): VcekFacts {
  const value = (suffix: string): Uint8Array | undefined =>
    certificate.extensions.find((extension) => extension.oid === `${AMD}.${suffix}`)?.value
  const level = (suffix: string): number => {
    const number = decodeDerNumber(readDer(required(value(suffix)), DER_TAG.integer))
    if (number > 255) throw new Error('patch level out of range')
    return number
  }
  const productName = decodeUtf8Strict(readDer(required(value('2')), DER_TAG.ia5String).content)
  const line = lineOf(productName)
  const hardwareId = required(value('4'))
  if (hardwareId.length !== (line === 'Turin' ? TURIN_CHIP_ID_BYTES : CHIP_ID_BYTES))
    throw new Error('hardware id length')
  const fmc = line === 'Turin' ? level('3.9') : 0
  const tcb = { fmc, bootloader: level('3.1'), tee: level('3.2'), snp: level('3.3'), microcode: level('3.8') }
  return { productName, line, hardwareId, tcb }
}

function lineOf(productName: string): SnpProductLine | undefined {
  const [, base = ''] = /^([A-Z][a-z]+)(?:-[A-Z]\d)?$/.exec(productName) ?? []
  return Object.hasOwn(LINES, base) ? LINES[base] : undefined
}

function required(value: Uint8Array | undefined): Uint8Array {
  if (value === undefined) throw new Error('an AMD extension is missing')
  return value
}
