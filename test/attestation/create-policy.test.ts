import { beforeAll, describe, expect, it } from 'vitest'
import {
  type CollateralSource,
  createAttestationPolicy,
  staticCollateral,
  tdxImageHash,
  verifyProofBundle
} from '../../src/attestation.js'
import { CocoonError } from '../../src/errors.js'
import {
  createSyntheticAmdPeer,
  createSyntheticPeer,
  SYNTHETIC_NOW,
  type SyntheticPeer
} from '../support/synthetic-tee.js'

const address = 'proxy.test:443'
const at = (ms: number): Date => new Date(SYNTHETIC_NOW.getTime() + ms)
const HOUR_MS = 3_600_000

let peer: SyntheticPeer
let imageHashes: string[]

beforeAll(async () => {
  peer = await createSyntheticPeer()
  imageHashes = [await tdxImageHash(peer.quote)]
})

/** A source that counts, and whose answers can be exchanged. */
class CountingSource implements CollateralSource {
  readonly name = 'counting'
  fetches = 0
  answer: () => Promise<unknown>

  constructor(answer: unknown) {
    this.answer = () => Promise.resolve(answer)
  }

  async fetch(): ReturnType<CollateralSource['fetch']> {
    this.fetches += 1
    return (await this.answer()) as Awaited<ReturnType<CollateralSource['fetch']>>
  }
}

function policyWith(collateral: CollateralSource, more: object = {}): ReturnType<typeof createAttestationPolicy> {
  return createAttestationPolicy({ imageHashes, collateral, trust: peer.trust, ...more })
}

describe('createAttestationPolicy', () => {
  it.each([
    ['nothing', undefined],
    ['no object', 7],
    ['no list', { collateral: staticCollateral([]) }],
    ['a list that is none', { imageHashes: 'ab', collateral: staticCollateral([]) }],
    ['a list of other things', { imageHashes: [1], collateral: staticCollateral([]) }],
    ['no source', { imageHashes: [] }],
    ['a source that is none', { imageHashes: [], collateral: 'https://pccs.test' }],
    ['a time that is none', { imageHashes: [], collateral: staticCollateral([]), maxVerdictAgeMs: Number.NaN }],
    ['a tolerance that is none', { imageHashes: [], collateral: staticCollateral([]), tolerate: 'OutOfDate' }]
  ])('refuses %s as options', (_, options) => {
    expect(() => createAttestationPolicy(options as never)).toThrow(expect.objectContaining({ code: 'ERR_OPTIONS' }))
  })

  it('never takes a certificate for another one with the same end', async () => {
    const policy = policyWith(staticCollateral(peer.collateral))
    const judge = async (certificateDer: Uint8Array): Promise<boolean> =>
      (await policy.judge({ certificateDer, address }, { now: SYNTHETIC_NOW })).accepted
    const other = peer.certificate.slice()
    other[400] = (other[400] ?? 0) ^ 1
    // While the good one is under way, once it is kept, and before it is either.
    expect(await Promise.all([judge(other), judge(peer.certificate), judge(other)])).toEqual([false, true, false])
    expect(await judge(other)).toBe(false)
    expect(await judge(peer.certificate)).toBe(true)
    expect(await judge(peer.certificate.subarray(1))).toBe(false)
    expect(await judge(peer.certificate.subarray(-64))).toBe(false)
  })

  it.each([
    ['an array', (bytes: Uint8Array) => bytes.slice()],
    ['a Buffer', (bytes: Uint8Array) => Buffer.from(bytes)]
  ])('keeps its own copy of the certificate in %s', async (_, copy) => {
    const policy = policyWith(staticCollateral(peer.collateral))
    const mine = copy(peer.certificate)
    const judging = policy.judge({ certificateDer: mine, address }, { now: SYNTHETIC_NOW })
    mine.fill(0)
    expect((await judging).accepted).toBe(true)
  })

  it('an empty list refuses by its check', async () => {
    const policy = policyWith(staticCollateral(peer.collateral), { imageHashes: [] })
    const verdict = await policy.judge({ certificateDer: peer.certificate, address }, { now: SYNTHETIC_NOW })
    expect(verdict.report.refusedBy).toContain('image.allow-list')
  })

  it('accepts a verified peer and makes a bundle that leads to the same report', async () => {
    const policy = policyWith(staticCollateral(peer.collateral))
    const verdict = await policy.judge({ certificateDer: peer.certificate, address }, { now: SYNTHETIC_NOW })
    expect(verdict).toMatchObject({ accepted: true, verified: true, report: { verdict: 'verified', kind: 'tdx' } })
    const bundle = await policy.proofBundle(verdict.report.id)
    expect(bundle?.reportId).toBe(verdict.report.id)
    expect(await verifyProofBundle(JSON.stringify(bundle), { trust: peer.trust })).toEqual(verdict.report)
  })

  it('runs one verification for 1,000 connections, and none for the next', async () => {
    const source = new CountingSource(peer.collateral)
    const policy = policyWith(source)
    const judge = async (): Promise<unknown> =>
      (await policy.judge({ certificateDer: peer.certificate.slice(), address }, { now: SYNTHETIC_NOW })).report
    const reports = await Promise.all(Array.from({ length: 1000 }, judge))
    // One verification makes one report object; another would make another.
    expect(new Set(reports).size).toBe(1)
    expect(source.fetches).toBe(1)
    expect(await judge()).toBe(reports[0])
  })

  it('judges again when time, certificate, list or collateral changes', async () => {
    const source = new CountingSource(peer.collateral)
    let list = imageHashes
    const policy = policyWith(source, {
      imageHashes: () => ({ imageHashes: list, provenance: ['image hashes: registry'] }),
      maxVerdictAgeMs: HOUR_MS,
      maxAgeMs: 2 * HOUR_MS
    })
    const judge = async (
      ms: number,
      certificateDer = peer.certificate
    ): Promise<Awaited<ReturnType<typeof policy.judge>>> =>
      await policy.judge({ certificateDer, address }, { now: at(ms) })
    const first = await judge(0)
    expect(first.report.trust[0]).toBe('image hashes: registry')
    expect((await judge(HOUR_MS)).report).toBe(first.report)
    const aged = await judge(HOUR_MS + 1)
    expect(aged.report).not.toBe(first.report)
    expect((await judge(-1)).report).not.toBe(aged.report)
    list = ['ab'.repeat(32)]
    expect((await judge(HOUR_MS)).report.refusedBy).toEqual(['image.hash'])
    list = imageHashes
    const changed = peer.certificate.slice()
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
    expect((await judge(HOUR_MS, changed)).report.refusedBy).toEqual(['certificate.signature'])
    expect(source.fetches).toBe(1)
    await judge(3 * HOUR_MS)
    await Promise.resolve()
    expect(source.fetches).toBe(2)
  })

  it('ends verdicts with the certificate', async () => {
    const policy = policyWith(new CountingSource(peer.collateral), { maxVerdictAgeMs: 1e9 })
    const verdict = await policy.judge({ certificateDer: peer.certificate, address }, { now: SYNTHETIC_NOW })
    const end = Date.parse(verdict.report.validUntil ?? '')
    expect((await policy.judge({ certificateDer: peer.certificate, address }, { now: new Date(end) })).report).toBe(
      verdict.report
    )
    const after = await policy.judge({ certificateDer: peer.certificate, address }, { now: new Date(end + 1) })
    expect(after.report.refusedBy).toEqual(['certificate.validity'])
  })

  it('does not ask for collateral for a certificate that is refused anyway', async () => {
    const source = new CountingSource(peer.collateral)
    const verdict = await policyWith(source).judge(
      { certificateDer: peer.certificate, address },
      { now: at(48 * HOUR_MS) }
    )
    expect(verdict.accepted).toBe(false)
    expect(source.fetches).toBe(0)
  })

  it('refuses when there is no collateral, and asks again the next time', async () => {
    const source = new CountingSource(undefined)
    source.answer = () => Promise.reject(new Error('offline'))
    const policy = policyWith(source)
    const judge = (): ReturnType<typeof policy.judge> =>
      policy.judge({ certificateDer: peer.certificate, address }, { now: SYNTHETIC_NOW })
    expect((await judge()).report.refusedBy).toContain('policy.collateral')
    source.answer = () => Promise.resolve(peer.collateral)
    expect((await judge()).accepted).toBe(true)
  })

  it('can only be made to refuse by a hostile source, and recovers', async () => {
    const hostile = { ...peer.collateral, tcb_info: peer.collateral.tcb_info.replace('"UpToDate"', '"Revoked"') }
    const source = new CountingSource(hostile)
    const policy = policyWith(source)
    const judge = (): ReturnType<typeof policy.judge> =>
      policy.judge({ certificateDer: peer.certificate, address }, { now: SYNTHETIC_NOW })
    expect((await judge()).report.refusedBy).toEqual(['tdx.tcb-info.signature'])
    source.answer = () => Promise.resolve(peer.collateral)
    expect((await judge()).accepted).toBe(true)
  })

  it.each(['tcbInfo', 'qeIdentity'] as const)(
    'takes no older evaluation data after newer ones: %s',
    async (document) => {
      const newer = await createSyntheticPeer({
        [document]: (signed: Record<string, unknown>) => void (signed['tcbEvaluationDataNumber'] = 19)
      })
      const source = new CountingSource(newer.collateral)
      const policy = policyWith(source, { maxAgeMs: HOUR_MS, refreshBeforeMs: 0 })
      const judge = (certificateDer: Uint8Array, ms: number): ReturnType<typeof policy.judge> =>
        policy.judge({ certificateDer, address }, { now: at(ms) })
      expect((await judge(newer.certificate, 0)).accepted).toBe(true)
      source.answer = () => Promise.resolve(peer.collateral)
      await judge(newer.certificate, 2 * HOUR_MS)
      await new Promise<void>((resolve) => setImmediate(resolve))
      expect((await judge(peer.certificate, 2 * HOUR_MS)).report.refusedBy).toEqual(['tdx.collateral.number'])
    }
  )

  it('shares nothing between two policies', async () => {
    const [first, second] = [new CountingSource(peer.collateral), new CountingSource(peer.collateral)]
    for (const source of [first, second]) {
      await policyWith(source).judge({ certificateDer: peer.certificate, address }, { now: SYNTHETIC_NOW })
    }
    expect([first.fetches, second.fetches]).toEqual([1, 1])
  })

  it('refuses when the list cannot be learnt', async () => {
    const policy = policyWith(staticCollateral(peer.collateral), {
      imageHashes: () => {
        throw new Error('no registry')
      }
    })
    const verdict = await policy.judge({ certificateDer: peer.certificate, address }, { now: SYNTHETIC_NOW })
    expect(verdict.report.refusedBy).toContain('image.allow-list')
  })

  it('lets one caller give up without ending the work of the others', async () => {
    const source = new CountingSource(peer.collateral)
    let release: (value: unknown) => void = () => undefined
    const asked = new Promise<void>((resolve) => {
      source.answer = () => {
        resolve()
        return new Promise((answer) => (release = answer))
      }
    })
    const policy = policyWith(source)
    const controller = new AbortController()
    const leaving = policy.judge(
      { certificateDer: peer.certificate, address },
      { now: SYNTHETIC_NOW, signal: controller.signal }
    )
    const staying = policy.judge({ certificateDer: peer.certificate, address }, { now: SYNTHETIC_NOW })
    const left = leaving.catch((error: unknown) => error)
    await asked
    controller.abort()
    expect(CocoonError.is(await left, 'ERR_ABORTED')).toBe(true)
    release(peer.collateral)
    expect((await staying).accepted).toBe(true)
    const late = policy.judge(
      { certificateDer: peer.certificate, address },
      { now: SYNTHETIC_NOW, signal: controller.signal }
    )
    expect(CocoonError.is(await late.catch((error: unknown) => error), 'ERR_ABORTED')).toBe(true)
  })

  it('judges AMD peers of a devnet too', async () => {
    const amd = await createSyntheticAmdPeer()
    const hash = Buffer.from(
      await crypto.subtle.digest('SHA-256', new Uint8Array([...new Uint8Array(48).fill(0x92), ...new Uint8Array(64)]))
    ).toString('hex')
    const policy = createAttestationPolicy({
      imageHashes: [hash],
      collateral: staticCollateral([peer.collateral, amd.collateral]),
      trust: amd.trust
    })
    const verdict = await policy.judge({ certificateDer: amd.certificate, address }, { now: SYNTHETIC_NOW })
    expect(verdict).toMatchObject({ accepted: true, report: { kind: 'snp' } })
    const bundle = await policy.proofBundle(verdict.report.id)
    expect(await verifyProofBundle(bundle, { trust: amd.trust })).toEqual(verdict.report)
  })
})

describe('hostile surroundings', () => {
  it('a clock that says nothing reuses no verdict', async () => {
    const policy = policyWith(staticCollateral(peer.collateral))
    expect((await policy.judge({ certificateDer: peer.certificate, address }, { now: SYNTHETIC_NOW })).accepted).toBe(
      true
    )
    const verdict = await policy.judge({ certificateDer: peer.certificate, address }, { now: new Date(Number.NaN) })
    expect(verdict).toMatchObject({ accepted: false, verified: false })
    expect(verdict.report.refusedBy).toContain('input.time')
  })

  it.each<[string, unknown]>([
    ['null', null],
    ['no list', {}],
    ['text in place of a list', { imageHashes: 'ab'.repeat(32), provenance: [] }],
    ['a list of bigints', { imageHashes: [1n], provenance: [] }],
    [
      'provenance that contains itself',
      {
        imageHashes: [],
        provenance: (() => {
          const own: unknown[] = []
          own.push(own)
          return own
        })()
      }
    ]
  ])('an image list that is none refuses: %s', async (_, list) => {
    const policy = policyWith(staticCollateral(peer.collateral), { imageHashes: () => list })
    const verdict = await policy.judge({ certificateDer: peer.certificate, address }, { now: SYNTHETIC_NOW })
    expect(verdict.accepted).toBe(false)
    expect(verdict.report.refusedBy).toContain('image.allow-list')
  })
})
