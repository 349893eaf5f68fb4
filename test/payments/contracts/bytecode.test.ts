/** Our messages against the mainnet bytecode in a TVM sandbox: same states as the recorded runs. */
import { describe, expect, it } from 'vitest'
import {
  deriveClientContract,
  deriveProxyContract,
  encodeClientMessage,
  encodeProxyMessage,
  MIN_DEPLOY_VALUE_NANO,
  MIN_MESSAGE_VALUE_NANO,
  parseClientState,
  parseRootState,
  signCharge,
  signProxyClose,
  type ClientMessage
} from '../../../src/payments/contracts/index.js'
import { fromHex, fromBase64, HAS_VECTORS, mainnetRootBoc, paymentsVectors } from '../support.js'
import { Sandbox } from '../sandbox.js'

const TON = 1_000_000_000n

describe.skipIf(!HAS_VECTORS)('mainnet bytecode', () => {
  it('replays the recorded scenario with bodies from our encoders', async () => {
    const { scenario, signed } = paymentsVectors()
    const root = parseRootState(mainnetRootBoc())
    const sandbox = await Sandbox.create(scenario.now)
    const proxy = deriveProxyContract(root, {
      proxyOwner: scenario.proxyOwner,
      proxyPublicKey: scenario.keys.proxyPublicKey,
      root: scenario.root
    })
    const client = deriveClientContract(root, {
      owner: scenario.owner,
      proxy: proxy.address,
      proxyPublicKey: scenario.keys.proxyPublicKey
    })
    const excess = scenario.excessesTo
    const seed = fromHex(scenario.keys.proxySeed)
    const people: Record<string, string> = { proxyOwner: scenario.proxyOwner, owner: scenario.owner, any: scenario.any }
    const body = (step: (typeof scenario.steps)[number]): Uint8Array | undefined => {
      const queryId = BigInt(step.args['qid'] ?? 0)
      const of = (message: ClientMessage): Uint8Array => encodeClientMessage(message)
      const tokens = BigInt(step.args['tokens'] ?? 0)
      switch (step.id) {
        case 'register':
          return of({ type: 'register', queryId, nonce: BigInt(step.args['nonce'] ?? 0), excess })
        case 'topUp':
          return of({ type: 'top-up', queryId, amountNano: BigInt(step.args['coins'] ?? 0), excess })
        case 'topUp2':
          return of({ type: 'top-up', queryId: 2n, amountNano: BigInt(step.args['coins'] ?? 0), excess })
        case 'changeSecret':
          return of({ type: 'change-secret', queryId, secretHash: String(step.args['hash']), excess })
        case 'changeSecretTopUp': {
          const after = parseClientState(fromBase64(step.client?.data ?? ''))
          return of({
            type: 'change-secret-and-top-up',
            queryId,
            amountNano: BigInt(step.args['coins'] ?? 0),
            secretHash: after.secretHash,
            excess
          })
        }
        case 'increaseStake':
          return of({ type: 'increase-stake', queryId, newStakeNano: BigInt(step.args['newStake'] ?? 0), excess })
        case 'withdraw':
          return of({ type: 'withdraw', queryId, excess })
        case 'requestRefund1':
          return of({ type: 'request-refund', queryId, excess })
        case 'charge':
          return signCharge({ kind: 'charge', queryId, tokens, target: client.address, excess, seed })
        case 'grantRefund':
          return signCharge({ kind: 'grant', queryId, tokens, target: client.address, excess, seed })
        default:
          return undefined
      }
    }
    expect(signed.target).toBe(client.address)
    for (const step of scenario.steps) {
      const target = step.to === 'CLIENT' ? client : proxy
      const ours = body(step)
      if (step.body !== null && ours === undefined) throw new Error(`no encoder for step ${step.id}`)
      const outcomes = await sandbox.send({
        from: people[step.from] ?? '',
        to: target.address,
        valueNano: BigInt(step.value),
        ...(ours === undefined ? { stateInit: target.stateInit } : { body: ours })
      })
      const contracts = [client.address, proxy.address]
      const ran = outcomes.filter((outcome) => contracts.includes(outcome.to)).map((outcome) => outcome.exit)
      expect(ran, step.id).toEqual(
        step.txs
          .filter((transaction) => ['CLIENT', 'PROXY'].includes(transaction.to))
          .map((transaction) => transaction.exit)
      )
      if (step.client !== null)
        expect(await sandbox.client(client.address), step.id).toEqual(parseClientState(fromBase64(step.client.data)))
    }
    expect(await sandbox.client(client.address)).toMatchObject({ phase: 'closed', balanceNano: 0n })
  })

  it('accepts exactly the least values of the sheet and refuses one nanoton less', async () => {
    const { scenario } = paymentsVectors()
    const root = parseRootState(mainnetRootBoc())
    const sandbox = await Sandbox.create(scenario.now)
    const { owner, excessesTo: excess } = scenario
    const proxy = deriveProxyContract(root, {
      proxyOwner: scenario.proxyOwner,
      proxyPublicKey: scenario.keys.proxyPublicKey,
      root: scenario.root
    })
    await sandbox.send({
      from: scenario.proxyOwner,
      to: proxy.address,
      valueNano: 300_000_000n,
      stateInit: proxy.stateInit
    })
    const client = deriveClientContract(root, {
      owner,
      proxy: proxy.address,
      proxyPublicKey: scenario.keys.proxyPublicKey
    })
    const start = encodeClientMessage({
      type: 'change-secret-and-top-up',
      queryId: 1n,
      amountNano: TON,
      secretHash: 'ab'.repeat(32),
      excess
    })
    const tooLittle = await sandbox.send({
      from: owner,
      to: client.address,
      valueNano: TON + MIN_DEPLOY_VALUE_NANO - 1n,
      body: start,
      stateInit: client.stateInit
    })
    expect(tooLittle[0]?.exit).toBe(1001)
    const enough = await sandbox.send({
      from: owner,
      to: client.address,
      valueNano: TON + MIN_DEPLOY_VALUE_NANO,
      body: start,
      stateInit: client.stateInit
    })
    expect(enough[0]?.exit).toBe(0)
    expect(await sandbox.client(client.address)).toMatchObject({
      phase: 'open',
      balanceNano: TON,
      secretHash: 'ab'.repeat(32)
    })
    const register = encodeClientMessage({ type: 'register', queryId: 2n, nonce: 3n, excess })
    expect(
      (
        await sandbox.send({ from: owner, to: client.address, valueNano: MIN_MESSAGE_VALUE_NANO - 1n, body: register })
      )[0]?.exit
    ).toBe(1003)
    expect(
      (await sandbox.send({ from: owner, to: client.address, valueNano: MIN_MESSAGE_VALUE_NANO, body: register }))[0]
        ?.exit
    ).toBe(0)
    expect(
      (await sandbox.send({ from: scenario.any, to: client.address, valueNano: TON, body: register }))[0]?.exit
    ).toBe(1010)
  })

  it('lets anybody stake for the proxy, and only the owner close it', async () => {
    const { scenario } = paymentsVectors()
    const root = parseRootState(mainnetRootBoc())
    const sandbox = await Sandbox.create(scenario.now)
    const proxy = deriveProxyContract(root, {
      proxyOwner: scenario.proxyOwner,
      proxyPublicKey: scenario.keys.proxyPublicKey,
      root: scenario.root
    })
    await sandbox.send({
      from: scenario.proxyOwner,
      to: proxy.address,
      valueNano: 300_000_000n,
      stateInit: proxy.stateInit
    })
    const stake = encodeProxyMessage({
      type: 'increase-proxy-stake',
      queryId: 1n,
      amountNano: 8n * TON,
      excess: scenario.excessesTo
    })
    expect(
      (
        await sandbox.send({ from: scenario.any, to: proxy.address, valueNano: 8n * TON + 100_000_000n, body: stake })
      )[0]?.exit
    ).toBe(0)
    expect(await sandbox.proxy(proxy.address)).toMatchObject({ phase: 'open', stakeNano: 8n * TON })
    const close = encodeProxyMessage({ type: 'proxy-owner-close', queryId: 2n, excess: scenario.excessesTo })
    expect((await sandbox.send({ from: scenario.any, to: proxy.address, valueNano: TON, body: close }))[0]?.exit).toBe(
      1010
    )
    expect(
      (await sandbox.send({ from: scenario.proxyOwner, to: proxy.address, valueNano: TON, body: close }))[0]?.exit
    ).toBe(0)
    expect(await sandbox.proxy(proxy.address)).toMatchObject({ phase: 'closing' })
    const seed = fromHex(scenario.keys.proxySeed)
    const complete = signProxyClose({
      step: 'complete',
      queryId: 3n,
      target: proxy.address,
      excess: scenario.excessesTo,
      seed
    })
    expect(
      (await sandbox.send({ from: scenario.any, to: proxy.address, valueNano: TON, body: complete }))[0]?.exit
    ).toBe(0)
    expect(await sandbox.proxy(proxy.address)).toMatchObject({ phase: 'closed' })
  })
})
