import { describe, expect, it } from 'vitest'
import { collateralRelay, type CollateralRequest, intelPcs, pccs, staticCollateral } from '../../../src/attestation.js'
import { CocoonError, type ErrorCode } from '../../../src/errors.js'
import { createSyntheticIntel } from '../../support/synthetic-tee.js'

const { collateral } = createSyntheticIntel(new Uint8Array(64))
const request: CollateralRequest = { kind: 'tdx', fmspc: '90C06F000000', ca: 'platform' }
const bytesOf = (hex: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(hex, 'hex'))

async function codeOf(promise: Promise<unknown>): Promise<ErrorCode | 'resolved' | 'foreign'> {
  try {
    await promise
    return 'resolved'
  } catch (error) {
    return CocoonError.is(error) ? error.code : 'foreign'
  }
}

/** Answers as Intel's service does; `hexCrl` as PCCS does. */
function service(hexCrl: boolean, seen: string[] = []): typeof fetch {
  return (input) => {
    const url = String(input as string | URL)
    seen.push(url)
    const crl = (hex: string): BodyInit => (hexCrl ? hex.toUpperCase() : bytesOf(hex))
    const answer = (body: BodyInit, header?: [string, string]): Promise<Response> =>
      Promise.resolve(
        new Response(body, header === undefined ? {} : { headers: [[header[0], encodeURIComponent(header[1])]] })
      )
    if (url.includes('/tdx/certification/v4/tcb?')) {
      return answer(`{"tcbInfo":${collateral.tcb_info},"signature":"${collateral.tcb_info_signature}"}`, [
        'TCB-Info-Issuer-Chain',
        collateral.tcb_info_issuer_chain
      ])
    }
    if (url.includes('/qe/identity?')) {
      return answer(
        `{ "enclaveIdentity" : ${collateral.qe_identity} ,\n "signature":"${collateral.qe_identity_signature}"}\n`,
        ['SGX-Enclave-Identity-Issuer-Chain', collateral.qe_identity_issuer_chain]
      )
    }
    if (url.includes('/pckcrl?'))
      return answer(crl(collateral.pck_crl), ['SGX-PCK-CRL-Issuer-Chain', collateral.pck_crl_issuer_chain])
    return answer(crl(collateral.root_ca_crl))
  }
}

describe('intelPcs and pccs', () => {
  it('assemble what the service signs, byte for byte', async () => {
    const seen: string[] = []
    expect(await intelPcs({ fetch: service(false, seen) }).fetch(request, {})).toEqual(collateral)
    expect(seen.toSorted()).toEqual([
      'https://api.trustedservices.intel.com/sgx/certification/v4/pckcrl?ca=platform&encoding=der',
      'https://api.trustedservices.intel.com/tdx/certification/v4/qe/identity?update=standard',
      'https://api.trustedservices.intel.com/tdx/certification/v4/tcb?fmspc=90C06F000000&update=standard',
      'https://certificates.trustedservices.intel.com/IntelSGXRootCA.der'
    ])
    expect(await pccs('https://pccs.test/', { fetch: service(true) }).fetch(request, {})).toEqual(collateral)
  })

  it.each<[string, typeof fetch]>([
    [
      'a redirect',
      () => Promise.resolve(new Response(null, { status: 302, headers: { location: 'https://elsewhere.test' } }))
    ],
    ['an error status', () => Promise.resolve(new Response('no', { status: 503 }))],
    ['an oversized body', () => Promise.resolve(new Response(new Uint8Array(2000)))],
    ['no JSON', () => Promise.resolve(new Response('hello'))],
    ['no connection', () => Promise.reject(new TypeError('network'))],
    [
      'silence',
      (_input, init) =>
        new Promise((_resolve, reject) =>
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error))
        )
    ],
    [
      'a body that never ends',
      () => Promise.resolve(new Response(new ReadableStream({ pull: () => new Promise(() => undefined) })))
    ]
  ])('refuse %s', async (_name, fetch) => {
    expect(await codeOf(intelPcs({ fetch, maxBytes: 1000, timeoutMs: 20 }).fetch(request, {}))).toBe(
      'ERR_ATTESTATION_COLLATERAL'
    )
  })

  it('stop when told to', async () => {
    const controller = new AbortController()
    const fetch: typeof globalThis.fetch = (_input, init) =>
      new Promise((_resolve, reject) =>
        init?.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error))
      )
    const pending = codeOf(intelPcs({ fetch }).fetch(request, { signal: controller.signal }))
    controller.abort()
    expect(await pending).toBe('ERR_ABORTED')
  })

  it('refuse addresses that are none, and AMD', async () => {
    for (const url of ['', 'pccs', 'ftp://x']) expect(() => pccs(url)).toThrow(CocoonError)
    expect(await codeOf(intelPcs().fetch({ kind: 'snp', product: 'Milan' }, {}))).toBe('ERR_ATTESTATION_COLLATERAL')
  })
})

describe('collateralRelay and staticCollateral', () => {
  it('ask a URL or a function', async () => {
    const seen: string[] = []
    const fetch: typeof globalThis.fetch = (input) => {
      seen.push(String(input as string | URL))
      return Promise.resolve(new Response(JSON.stringify(collateral)))
    }
    expect(await collateralRelay('https://relay.test/c?key=1', { fetch }).fetch(request, {})).toEqual(collateral)
    expect(seen).toEqual(['https://relay.test/c?key=1&kind=tdx&fmspc=90C06F000000&ca=platform'])
    expect(await collateralRelay(() => Promise.resolve(collateral)).fetch(request, {})).toEqual(collateral)
  })

  it('a function that never settles is given up, and told so', async () => {
    let seen: AbortSignal | undefined
    const relay = collateralRelay(
      (_request, { signal }) => {
        seen = signal
        return new Promise(() => {})
      },
      { timeoutMs: 20 }
    )
    expect(await codeOf(relay.fetch(request, {}))).toBe('ERR_ATTESTATION_COLLATERAL')
    expect(seen?.aborted).toBe(true)
    const controller = new AbortController()
    const asking = codeOf(collateralRelay(() => new Promise(() => {})).fetch(request, { signal: controller.signal }))
    controller.abort()
    expect(await asking).toBe('ERR_ABORTED')
  })

  it('refuse what is not collateral', async () => {
    for (const answer of [undefined, null, 'x', {}, { ...collateral, tcb_info: 1 }, `{"tcb_info":1,"tcb_info":2}`]) {
      expect(await codeOf(collateralRelay(() => Promise.resolve(answer)).fetch(request, {}))).toBe(
        'ERR_ATTESTATION_COLLATERAL'
      )
    }
  })

  it('take the one that fits', async () => {
    const other = createSyntheticIntel(new Uint8Array(64), { fmspc: 'B0C06F000000' }).collateral
    expect(await staticCollateral([other, JSON.stringify(collateral)]).fetch(request, {})).toEqual(collateral)
    expect(await codeOf(staticCollateral(other).fetch(request, {}))).toBe('ERR_ATTESTATION_COLLATERAL')
  })
})
