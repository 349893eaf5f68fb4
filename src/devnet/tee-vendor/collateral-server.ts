/**
 * Serves the collateral of a synthetic Intel over HTTP, in the shape of Intel's PCS v4 and of PCCS: the signed bodies as they
 * were signed, issuer chains percent-encoded in headers. For tests of adapters; loopback only.
 *
 * @module
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TdxCollateral } from '../../attestation/index.js'
import { hexToBytes } from '../../encoding/index.js'

interface Answer {
  readonly body: string | Uint8Array
  readonly headers: Readonly<Record<string, string>>
}

/** A running server. */
export interface CollateralServer {
  /** Origin, e.g. `http://127.0.0.1:40123`: what `pccs()` takes. */
  readonly url: string
  close(): void
}

/** Starts it on any free port of loopback. */
export function startCollateralServer(collateral: TdxCollateral): Promise<CollateralServer> {
  const server: Server = createServer((request, response) => {
    const answer =
      request.method === 'GET' ? answerFor(new URL(request.url ?? '/', 'http://devnet'), collateral) : undefined
    response.writeHead(answer === undefined ? 404 : 200, answer?.headers)
    response.end(answer?.body)
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const close = (): void => {
        server.close()
        server.closeAllConnections()
      }
      resolve({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close })
    })
  })
}

function answerFor({ pathname, searchParams }: URL, collateral: TdxCollateral): Answer | undefined {
  switch (pathname) {
    case '/tdx/certification/v4/tcb': {
      const fmspc = (JSON.parse(collateral.tcb_info) as { readonly fmspc: string }).fmspc
      if (searchParams.get('fmspc')?.toUpperCase() !== fmspc) return undefined
      const { tcb_info, tcb_info_signature, tcb_info_issuer_chain } = collateral
      return json('tcbInfo', tcb_info, tcb_info_signature, 'TCB-Info-Issuer-Chain', tcb_info_issuer_chain)
    }
    case '/tdx/certification/v4/qe/identity': {
      const { qe_identity, qe_identity_signature, qe_identity_issuer_chain } = collateral
      return json(
        'enclaveIdentity',
        qe_identity,
        qe_identity_signature,
        'SGX-Enclave-Identity-Issuer-Chain',
        qe_identity_issuer_chain
      )
    }
    case '/sgx/certification/v4/pckcrl': {
      if (searchParams.get('ca') !== 'platform') return undefined
      const chain = encodeURIComponent(collateral.pck_crl_issuer_chain)
      return {
        body: hexToBytes(collateral.pck_crl),
        headers: { 'content-type': 'application/pkix-crl', 'SGX-PCK-CRL-Issuer-Chain': chain }
      }
    }
    case '/sgx/certification/v4/rootcacrl':
      return { body: collateral.root_ca_crl, headers: { 'content-type': 'application/x-pem-file' } }
    default:
      return undefined
  }
}

/** The body is put together as text, since its signature covers text. */
function json(member: string, body: string, signature: string, header: string, chain: string): Answer {
  return {
    body: `{"${member}":${body},"signature":"${signature}"}`,
    headers: { 'content-type': 'application/json', [header]: encodeURIComponent(chain) }
  }
}
