import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type * as Room from '../../src/attestation/index.js'
import {
  createSyntheticAmdPeer,
  createSyntheticPeer,
  SYNTHETIC_NOW,
  type SyntheticPeer
} from '../support/synthetic-tee.js'

const VERIFIER = '../../src/attestation/verifier.js'
const SNP = '../../src/attestation/snp/index.js'
const NOT_LOADED = { code: 'ERR_INTERNAL', phase: 'attestation', retryable: true }

let peer: SyntheticPeer
/** A fresh copy of the room: nothing of it was loaded. */
let room: typeof Room

function unreachable(): never {
  throw new TypeError('test: failed to fetch dynamically imported module')
}

beforeEach(async () => {
  vi.resetModules()
  const { createDevnetTrust } = await import('../../src/attestation/trust.js')
  const made = await createSyntheticPeer()
  peer = { ...made, trust: createDevnetTrust({ name: 'synthetic', intelRoot: made.root }) }
  room = await import('../../src/attestation/index.js')
})

afterEach(() => {
  vi.doUnmock(VERIFIER)
  vi.doUnmock(SNP)
})

async function policyOf(): Promise<ReturnType<typeof room.createAttestationPolicy>> {
  const { bodyOf } = await import('../../src/attestation/tdx/quote.js')
  const { imageHashOfBody } = await import('../../src/attestation/image-hash.js')
  const body = bodyOf(peer.quote)
  if (body === undefined) throw new Error('no body')
  return room.createAttestationPolicy({
    imageHashes: [await imageHashOfBody(body)],
    collateral: room.staticCollateral(peer.collateral),
    trust: peer.trust
  })
}

const options = { now: SYNTHETIC_NOW }
const evidence = (certificateDer: Uint8Array): { certificateDer: Uint8Array; address: string } => ({
  certificateDer,
  address: 'proxy.test:443'
})

describe('a verifier that cannot be loaded', () => {
  it('judges nobody, says so, and is loaded by the next try', async () => {
    vi.doMock(VERIFIER, unreachable)
    const policy = await policyOf()
    policy.prepare?.()
    await expect(policy.judge(evidence(peer.certificate), options)).rejects.toMatchObject(NOT_LOADED)
    await expect(policy.judge(evidence(peer.certificate), options)).rejects.toMatchObject(NOT_LOADED)
    expect(await policy.proofBundle('0'.repeat(64))).toBeUndefined()
    vi.doUnmock(VERIFIER)
    expect((await policy.judge(evidence(peer.certificate), options)).accepted).toBe(true)
  })

  it('rejects for the public verifiers too', async () => {
    vi.doMock(VERIFIER, unreachable)
    const given = { now: SYNTHETIC_NOW, policy: { imageHashes: [] } }
    await expect(room.verifyTdxQuote(peer.quote, peer.collateral, given)).rejects.toMatchObject(NOT_LOADED)
    await expect(room.verifyCertificate(peer.certificate, peer.collateral, given)).rejects.toMatchObject(NOT_LOADED)
    await expect(room.tdxImageHash(peer.quote)).rejects.toMatchObject(NOT_LOADED)
  })

  it('is waited for no longer than the signal allows', async () => {
    vi.doMock(VERIFIER, () => new Promise<never>(() => undefined))
    const policy = await policyOf()
    const controller = new AbortController()
    const judging = policy.judge(evidence(peer.certificate), { ...options, signal: controller.signal })
    controller.abort()
    await expect(judging).rejects.toMatchObject({ code: 'ERR_ABORTED', phase: 'attestation' })
  })
})

describe('the part for AMD', () => {
  it('is not loaded for a peer on TDX', async () => {
    const loaded = vi.fn(unreachable)
    vi.doMock(SNP, loaded)
    const policy = await policyOf()
    policy.prepare?.()
    expect((await policy.judge(evidence(peer.certificate), options)).accepted).toBe(true)
    expect(loaded).not.toHaveBeenCalled()
  })

  it('accepts nobody while it cannot be loaded, and is tried again', async () => {
    const amd = await createSyntheticAmdPeer()
    vi.doMock(SNP, unreachable)
    const policy = await policyOf()
    await expect(policy.judge(evidence(amd.certificate), options)).rejects.toMatchObject(NOT_LOADED)
    const report = await room.verifyCertificate(amd.certificate, amd.collateral, {
      now: SYNTHETIC_NOW,
      policy: { imageHashes: [] }
    })
    expect(report).toMatchObject({ verdict: 'refused', kind: 'none' })
    expect(report.refusedBy).toContain('verifier.internal')
    vi.doUnmock(SNP)
    const { accepted, report: judged } = await policy.judge(evidence(amd.certificate), options)
    expect(accepted).toBe(false)
    expect(judged).toMatchObject({ kind: 'snp' })
    expect(judged.refusedBy).not.toContain('verifier.internal')
  })
})
