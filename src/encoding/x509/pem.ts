/**
 * Certificates as PEM text (RFC 7468): 64 columns, `\n`, nothing between or around the blocks. Text in any other form does
 * not parse, so that one chain has one text.
 *
 * @module
 */
import { decodeBase64, encodeBase64 } from '../base64.js'
import { x509Error } from './x509-error.js'

const BEGIN = '-----BEGIN CERTIFICATE-----\n'
const END = '-----END CERTIFICATE-----\n'

/** Longest chain that is read, certificates. */
const MAX_CERTIFICATES = 8

/** Longest text that is read, UTF-16 code units. */
const MAX_PEM_LENGTH = 65_536

/** One certificate as PEM, with a final line feed. */
export function encodeCertificatePem(der: Uint8Array): string {
  const lines = encodeBase64(der).match(/.{1,64}/g) ?? []
  return `${BEGIN}${lines.map((line) => `${line}\n`).join('')}${END}`
}

/**
 * Certificates of a PEM chain, in order. The text must equal its own re-encoding; only the last line feed may be missing.
 *
 * @throws CocoonError `ERR_X509` | `ERR_ENCODING`.
 */
export function decodeCertificateChainPem(text: string): Uint8Array[] {
  if (text.length > MAX_PEM_LENGTH) throw x509Error('PEM text is too long')
  const blocks = text.split(BEGIN, MAX_CERTIFICATES + 2)
  if (blocks[0] !== '' || blocks.length < 2 || blocks.length > MAX_CERTIFICATES + 1) throw x509Error('not a PEM chain')
  const chain = blocks.slice(1).map((block) => {
    const end = block.indexOf('-')
    if (end < 0) throw x509Error('PEM block without an end')
    return decodeBase64(block.slice(0, end).replaceAll('\n', ''))
  })
  const canonical = chain.map(encodeCertificatePem).join('')
  if (text !== canonical && `${text}\n` !== canonical) throw x509Error('PEM text is not in canonical form')
  return chain
}
