/**
 * Finds out which collateral AMD evidence needs.
 *
 * @module
 */
import { decodeUtf8Strict } from '../../encoding/index.js'
import { decodeCertificateChainPem, parseCertificate } from '../../encoding/x509/index.js'
import type { CollateralRequest } from '../collateral/source.js'
import { readVcek } from './vcek.js'

/** The request for a VCEK; `undefined` for a product that is not known. @throws Error or CocoonError when it does not parse. */
export function requestForVcek(pem: Uint8Array): CollateralRequest | undefined {
  const [vcek] = decodeCertificateChainPem(decodeUtf8Strict(pem)).map(parseCertificate)
  const line = vcek === undefined ? undefined : readVcek(vcek).line
  return line === undefined ? undefined : { kind: 'snp', product: line }
}
