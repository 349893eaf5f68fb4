import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  createAttestationPolicy,
  type DevnetDescription,
  devnetTrust,
  type DevnetTrust,
  fromDevnet,
  staticCollateral,
  tdxImageHash,
  type TdxCollateral,
  verifyTdxQuote
} from '../../src/attestation/index.js'
import { type Devnet, type DevnetOptions, startDevnet } from '../../src/devnet.js'
import { Cocoon, type CocoonOptions } from '../../src/index.js'
import type { Verdict, VerdictPolicy } from '../../src/runtime/ports/verdict.js'
import { sharedPath } from '../support/shared.js'

const opened: AsyncDisposable[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const item of opened.splice(0).toReversed()) await item[Symbol.asyncDispose]()
})

async function start(options?: DevnetOptions): Promise<Devnet> {
  const devnet = await startDevnet({ difficultyBits: 0, ...options })
  opened.push(devnet)
  return devnet
}

function client(options: CocoonOptions): Cocoon {
  const cocoon = new Cocoon(options)
  opened.push(cocoon)
  return cocoon
}

const question = { model: 'devnet/echo', messages: [{ role: 'user', content: 'hi' }], stream: false } as const

/** Counts signatures that are verified while `run` runs. */
async function countSignatures(run: () => Promise<unknown>): Promise<number> {
  const spy = vi.spyOn(crypto.subtle, 'verify')
  await run()
  const { length } = spy.mock.calls
  spy.mockRestore()
  return length
}

describe('a client of a devnet', () => {
  it.each(['native', 'pure'] as const)('verifies the proxy in full before the session exists (%s TLS)', async (tls) => {
    const devnet = await start()
    const cocoon = client({ ...fromDevnet(devnet), runtime: { tls } })
    const report = await cocoon.attestation()
    expect(report).toMatchObject({
      verdict: 'verified',
      kind: 'tdx',
      tcbStatus: 'UpToDate',
      imageHash: devnet.imageHashes[0]
    })
    expect(report.checks.filter(({ outcome }) => outcome === 'skip' || outcome === 'fail')).toEqual([])
    expect(report.trust).toEqual([
      'image hashes: the description of the devnet',
      expect.stringContaining('no hardware vendor')
    ])
  })

  it.each(['native', 'pure'] as const)('sends nothing to a proxy that was refused (%s TLS)', async (tls) => {
    const devnet = await start({ tee: { fault: 'debug' } })
    const cocoon = client({ ...fromDevnet(devnet), runtime: { tls } })
    await expect(cocoon.chat.completions.create(question)).rejects.toMatchObject({
      code: 'ERR_ATTESTATION_REFUSED',
      charged: 'no'
    })
    expect(devnet.connections.map(({ framesReceived }) => framesReceived)).toEqual([0])
    expect(devnet.requests).toEqual([])
  })

  it('gives every response the id of the report', async () => {
    const cocoon = client(fromDevnet(await start()))
    const { id } = await cocoon.attestation()
    const { attestationId } = await cocoon.chat.completions.create(question).withResponse()
    expect(attestationId).toBe(id)
    const response = await cocoon.fetch('http://cocoon.invalid/v1/chat/completions', {
      method: 'POST',
      body: JSON.stringify(question)
    })
    expect(response.headers.get('x-cocoon-attestation')).toBe(id)
    expect([...cocoon.attestations().values()].map((report) => report.id)).toEqual([id])
  })

  it('judges each proxy by its own certificate', async () => {
    const devnet = await start({ proxies: 2 })
    const ids = new Set<string>()
    for (const proxy of devnet.network.proxies) {
      const options = fromDevnet(devnet)
      const cocoon = client({ ...options, network: { ...options.network, proxies: [proxy] } })
      ids.add((await cocoon.attestation()).id)
    }
    expect(ids.size).toBe(2)
  })

  it('judges again when the proxy comes back with another certificate', async () => {
    const devnet = await start()
    const { port } = new URL(`http://${devnet.network.proxies[0]}`)
    const { attestation, ...options } = fromDevnet(devnet)
    const judged: Verdict[] = []
    const policy: VerdictPolicy = {
      name: 'recording',
      judge: async (peer, context) => {
        const verdict = await attestation.judge(peer, context)
        judged.push(verdict)
        return verdict
      }
    }
    const cocoon = client({ ...options, attestation: policy })
    await cocoon.attestation()
    await devnet.close()
    await vi.waitFor(() => expect(cocoon.attestations().size).toBe(0))
    // The same address, another machine below another root.
    await start({ port: Number(port) })
    await expect(cocoon.chat.completions.create(question)).rejects.toMatchObject({ code: 'ERR_ATTESTATION_REFUSED' })
    expect(judged.map(({ accepted }) => accepted)).toEqual([true, false])
  })
})

describe('one verification', () => {
  it('serves 1,000 connects at once, and belongs to its policy alone', async () => {
    const devnet = await start()
    const peer = { certificateDer: devnet.certificates[0]!, address: devnet.network.proxies[0]! }
    const now = new Date()
    const once = await countSignatures(() => fromDevnet(devnet).attestation.judge(peer, { now }))
    expect(once).toBeGreaterThan(5)
    const { attestation: policy } = fromDevnet(devnet)
    const verdicts: Verdict[] = []
    const all = Array.from({ length: 1000 }, async () => verdicts.push(await policy.judge(peer, { now })))
    expect(await countSignatures(() => Promise.all(all))).toBeLessThanOrEqual(once)
    expect(new Set(verdicts.map(({ report }) => report)).size).toBe(1)
    expect(verdicts.every(({ accepted }) => accepted)).toBe(true)
    expect(await countSignatures(() => policy.judge(peer, { now }))).toBe(0)
    expect(await countSignatures(() => fromDevnet(devnet).attestation.judge(peer, { now }))).toBe(once)
  })

  it('serves connects over real sockets', async () => {
    const devnet = await start()
    const options = fromDevnet(devnet)
    const clients = Array.from({ length: 40 }, () => client({ ...options, runtime: { tls: 'native' } }))
    const signatures = await countSignatures(async () => {
      const reports = await Promise.all(clients.map((cocoon) => cocoon.attestation()))
      expect(new Set(reports.map(({ id }) => id)).size).toBe(1)
    })
    const alone = await countSignatures(() =>
      client({ ...fromDevnet(devnet), runtime: { tls: 'native' } }).attestation()
    )
    expect(signatures).toBe(alone)
    expect(devnet.connections.length).toBe(41)
  })

  it('is made again when time, collateral or image list have moved on', async () => {
    const devnet = await start()
    const description = devnet.describe()
    const peer = { certificateDer: devnet.certificates[0]!, address: devnet.network.proxies[0]! }
    let imageHashes: readonly string[] = devnet.imageHashes
    let collateral: unknown = description.attestation.collateral[0]
    const source = {
      name: 'moving',
      fetch: () => staticCollateral(collateral).fetch({ kind: 'tdx', fmspc: 'DE0C0C000000', ca: 'platform' }, {})
    }
    const policy = createAttestationPolicy({
      imageHashes: () => ({ imageHashes, provenance: ['image hashes: a list that moves'] }),
      collateral: source,
      trust: devnetTrust(description),
      maxAgeMs: 1
    })
    const start_ = Date.now()
    const judge = async (afterMs: number): Promise<Verdict> =>
      await policy.judge(peer, { now: new Date(start_ + afterMs) })
    const first = await judge(0)
    expect(first.accepted).toBe(true)
    expect((await judge(1000)).report).toBe(first.report)
    // The list no longer has the image: refused at once, whatever was decided before.
    imageHashes = ['ab'.repeat(32)]
    expect((await judge(1000)).report.refusedBy).toEqual(['image.hash'])
    imageHashes = devnet.imageHashes
    // After the longest reuse it is a new judgement.
    const later = await judge(3_600_001)
    expect(later.report).toMatchObject({ verdict: 'verified', judgedAt: new Date(start_ + 3_600_001).toISOString() })
    // The certificate of a day has ended, however fresh the collateral.
    expect((await judge(2 * 86_400_000)).report.refusedBy).toContain('certificate.validity')
    // Collateral that turned bad is looked at, not remembered.
    collateral = { ...(collateral as TdxCollateral), tcb_info_signature: '00'.repeat(64) }
    const fresh = createAttestationPolicy({ imageHashes, collateral: source, trust: devnetTrust(description) })
    expect((await fresh.judge(peer, { now: new Date(start_) })).report.refusedBy).toContain('tdx.tcb-info.signature')
  })
})

describe('roots of a devnet', () => {
  it('cannot travel in ordinary options', async () => {
    const devnet = await start()
    const description = devnet.describe()
    const network = {
      ...description.network,
      pricePerTokenNano: undefined,
      roots: description.attestation.roots,
      attestation: description.attestation
    }
    const cocoon = client({ network, account: { ...devnet.account } })
    await expect(cocoon.attestation()).rejects.toMatchObject({ report: { refusedBy: ['policy.accepts'] } })
    const literal = { devnet: 'x', intel: description.attestation.roots.intel } as unknown as DevnetTrust
    const collateral = staticCollateral(description.attestation.collateral)
    const policy = createAttestationPolicy({ imageHashes: devnet.imageHashes, collateral, trust: literal })
    const peer = { certificateDer: devnet.certificates[0]!, address: 'x:1' }
    expect((await policy.judge(peer, { now: new Date() })).report.refusedBy).toContain('input.trust')
    const trusting = createAttestationPolicy({ imageHashes: devnet.imageHashes, collateral })
    expect((await trusting.judge(peer, { now: new Date() })).report.refusedBy).toEqual(
      expect.arrayContaining(['tdx.pck.root'])
    )
  })

  it('do not stand for those of another devnet', async () => {
    const [one, other] = [await start(), await start()]
    const options = fromDevnet(one)
    const cocoon = client({ ...options, network: { ...options.network, proxies: other.network.proxies } })
    await expect(cocoon.attestation()).rejects.toMatchObject({ code: 'ERR_ATTESTATION_REFUSED' })
  })

  const quotePath = sharedPath('evidence/tdx-quote-cocoon.dat')
  const collateralPath = sharedPath('evidence/tdx-collateral-90C06F000000-2026-02.json')
  it.skipIf(quotePath === undefined || collateralPath === undefined)(
    'stand instead of those of Intel, not beside them',
    async () => {
      const quote = new Uint8Array(readFileSync(quotePath!))
      const collateral = readFileSync(collateralPath!, 'utf8')
      const options = { now: new Date('2026-03-01T00:00:00Z'), policy: { imageHashes: [await tdxImageHash(quote)] } }
      expect((await verifyTdxQuote(quote, collateral, options)).verdict).toBe('verified')
      const trust = devnetTrust(await start())
      expect((await verifyTdxQuote(quote, collateral, { ...options, trust })).refusedBy).toContain('tdx.pck.root')
    }
  )
})

describe('fromDevnet', () => {
  it('reads a devnet, its description and its JSON alike', async () => {
    const devnet = await start({ account: { secret: Uint8Array.of(0, 255, 1) } })
    for (const source of [devnet, devnet.describe(), JSON.stringify(devnet.describe())]) {
      const { network, account } = fromDevnet(source)
      expect(network).toEqual({ ...devnet.network, pricePerTokenNano: devnet.prices.pricePerTokenNano })
      expect(account).toEqual({ owner: devnet.account.owner, secret: Uint8Array.of(0, 255, 1) })
    }
  })

  it.each<[string, (description: DevnetDescription) => unknown]>([
    ['text that is not JSON', () => 'x'],
    ['a member twice', () => '{"schema":"a","schema":"a"}'],
    ['nothing', () => null],
    ['another schema', (description) => ({ ...description, schema: 'v0' })],
    ['no roots', (description) => ({ ...description, attestation: { ...description.attestation, roots: {} } })],
    [
      'a root that is no text',
      (description) => ({ ...description, attestation: { ...description.attestation, roots: { intel: 1 } } })
    ],
    [
      'a root that is not base64',
      (description) => ({ ...description, attestation: { ...description.attestation, roots: { intel: '%' } } })
    ],
    [
      'a price that is no number',
      (description) => ({ ...description, network: { ...description.network, pricePerTokenNano: '1e9' } })
    ],
    [
      'a secret of the wrong type',
      (description) => ({ ...description, account: { ...description.account, secret: 7 } })
    ]
  ])('refuses %s with a typed error', async (_name, change) => {
    const description = (await start()).describe()
    expect(() => fromDevnet(change(description) as DevnetDescription)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS', field: 'devnet' }) as Error
    )
  })
})

describe('the synthetic vendor, seen by OpenSSL', () => {
  it('makes chains that verify there too', async () => {
    const { attestation } = (await start({ tee: { kind: 'snp' } })).describe()
    const [tdx, snp] = attestation.collateral as [TdxCollateral, { readonly cert_chain: string }]
    const parse = (pem: string): X509Certificate[] =>
      (pem.match(/-----BEGIN[^]+?-----END CERTIFICATE-----/g) ?? []).map((one) => new X509Certificate(one))
    for (const pem of [tdx.pck_crl_issuer_chain, tdx.tcb_info_issuer_chain, snp.cert_chain]) {
      const [leaf, root] = parse(pem)
      expect(leaf?.checkIssued(root!) && leaf.verify(root!.publicKey)).toBe(true)
      expect(root?.verify(root.publicKey)).toBe(true)
    }
  })
})
