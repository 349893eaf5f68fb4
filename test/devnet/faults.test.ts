import { afterEach, describe, expect, it } from 'vitest'
import { DEVNET_FAULTS, startDevnet, type Devnet, type DevnetOptions } from '../../src/devnet.js'
import type { TlObject } from '../../src/encoding/tl/index.js'
import { bodyOf, collect, openReady, runQuery, type ScriptedClient } from './scripted-client.js'

const running: Devnet[] = []

async function start(options: DevnetOptions = {}): Promise<Devnet> {
  const devnet = await startDevnet(options)
  running.push(devnet)
  return devnet
}

afterEach(async () => {
  for (const devnet of running.splice(0)) {
    await devnet.close()
    expect(devnet.liveHandles).toBe(0)
  }
})

const messages = [{ role: 'user', content: 'größe 你好 😀' }]

async function ask(
  fault: string,
  client?: ScriptedClient,
  stream = true
): Promise<{ client: ScriptedClient; objects: TlObject[] }> {
  const open = client ?? (await openReady(await start()))
  open.packet(runQuery({ model: `fault/${fault}`, messages, stream }))
  return { client: open, objects: await collect(open) }
}

const types = (objects: readonly TlObject[]): string[] =>
  objects.map((object) => object.type.replace('client.queryAnswer', ''))

describe('faults by model name', () => {
  it('are served without being listed', async () => {
    const { client, objects } = await ask('no-done')
    expect(bodyOf(objects)).not.toContain('[DONE]')
    const types2 = await client.query({ type: 'client.getWorkerTypesV2' })
    expect(JSON.stringify(types2)).not.toContain('fault/')
  })

  it('unknown ones are unknown models', async () => {
    const client = await openReady(await start())
    client.packet(runQuery({ model: 'fault/no-such-thing', messages }))
    expect(await client.nextPacket()).toMatchObject({ errorCode: 621 })
  })

  it.each([0, 1, 3])('cut-after-%i', async (count) => {
    const { objects } = await ask(`cut-after-${count}`)
    expect(objects).toHaveLength(count)
  })

  it('cut-bytes at every byte of the head', async () => {
    const devnet = await start()
    for (const count of [0, 1, 7, 8, 9, 200]) {
      const client = await openReady(devnet)
      const before = client.bytesReceived
      await ask(`cut-bytes-${count}`, client)
      expect(client.bytesReceived - before).toBe(count)
    }
  })

  it('stall-after leaves the connection alive', async () => {
    const client = await openReady(await start())
    client.packet(runQuery({ model: 'fault/stall-after-1', messages, stream: true }))
    expect((await client.nextPacket())?.type).toBe('client.queryAnswerEx')
    client.send({ type: 'tcp.ping', id: 8n })
    expect(await client.next()).toEqual({ type: 'tcp.pong', id: 8n })
  })

  it.each([
    ['wrong-seqno', 'ERR_FRAME_SEQNO'],
    ['bad-length-3', 'ERR_FRAME_SIZE'],
    ['bad-length', 'ERR_FRAME_SIZE'],
    ['unknown-frame', 'ERR_TL_DECODE'],
    ['trailing-bytes', 'ERR_TL_DECODE'],
    ['truncated-object', 'ERR_TL_DECODE']
  ])('%s breaks the framing after the head', async (fault, code) => {
    const { client, objects } = await ask(fault)
    expect(types(objects)).toEqual(['Ex'])
    expect(client.failure).toMatchObject({ code })
    client.close()
  })

  it.each([
    ['error-before-602', ['ErrorEx'], 602],
    ['error-during', ['Ex', 'PartEx', 'ErrorEx'], 652],
    ['legacy-error-before', ['Error'], 652],
    ['legacy-error-during-651', ['Ex', 'PartEx', 'PartError'], 651]
  ])('%s', async (fault, expected, errorCode) => {
    const { objects } = await ask(fault)
    expect(types(objects)).toEqual([...expected, 'proxy.clientRequestPayment'])
    expect(objects.at(-2)).toMatchObject({ errorCode })
    expect(objects.at(-1)).toMatchObject({ requestTokens: 0n })
  })

  it.each([
    ['error-after', 'ErrorEx'],
    ['legacy-error-after', 'PartError'],
    ['repeat-final', 'ErrorEx']
  ])('%s: something follows the final part', async (fault, last) => {
    const { objects } = await ask(fault)
    expect(types(objects).slice(-2)).toEqual([last, 'proxy.clientRequestPayment'])
    const finals = objects.filter(
      (object) => object.type === 'client.queryAnswerPartEx' && object.finalInfo !== undefined
    )
    expect(finals).toHaveLength(fault === 'repeat-final' ? 2 : 1)
  })

  it('foreign-answers, repeat-head, part-first', async () => {
    const devnet = await start()
    const foreign = await ask('foreign-answers', await openReady(devnet))
    const ids = new Set(
      foreign.objects.map((object) => ('requestId' in object ? Buffer.from(object.requestId).toString('hex') : ''))
    )
    expect(ids.size).toBeGreaterThan(3)
    expect(types((await ask('repeat-head', await openReady(devnet))).objects).slice(0, 2)).toEqual(['Ex', 'Ex'])
    expect(types((await ask('part-first', await openReady(devnet))).objects).slice(0, 2)).toEqual(['PartEx', 'Ex'])
  })

  it('split-utf8 sends the body byte by byte', async () => {
    const { objects } = await ask('split-utf8')
    const parts = objects.flatMap((object) =>
      object.type === 'client.queryAnswerPartEx' ? [object.answer.length] : []
    )
    expect(new Set(parts)).toEqual(new Set([1, 0]))
    expect(bodyOf(objects)).toContain('😀')
  })

  it('late-sse comes in the final part alone', async () => {
    const { objects } = await ask('late-sse')
    expect(types(objects)).toEqual(['Ex', 'PartEx', 'proxy.clientRequestPayment'])
    expect(bodyOf(objects)).toMatch(/\[DONE\]\n\n$/)
  })

  it.each([
    ['empty-sse', /^$/],
    ['html', /^<!doctype html>/],
    ['not-json', /^devnet: this/],
    ['sse-error', /data: \{"error"/],
    ['sse-garbage', /data: \{this is/],
    ['sse-comments', /\n\n: devnet comment/],
    ['sse-crlf', /\r\n\r\n/],
    ['after-done', /\[DONE\]\n\ndata: /],
    ['unterminated', /\[DONE\]$/]
  ])('%s', async (fault, body) => {
    expect(bodyOf((await ask(fault)).objects)).toMatch(body)
  })

  it('nan-times and odd counters', async () => {
    const nan = (await ask('nan-times')).objects.at(-2)
    expect(nan).toMatchObject({ finalInfo: { proxyStartTime: Number.NaN, workerEndTime: Number.NaN } })
    const odd = (await ask('negative-counters')).objects
    expect(odd.at(-2)).toMatchObject({ finalInfo: { tokensUsed: { totalTokensUsed: -5n } } })
    expect(odd.at(-1)).toMatchObject({ maxTokens: -5n, requestTokens: -5n })
  })

  it('payments that lie', async () => {
    const devnet = await start({ stateCommitMs: 0 })
    const payment = async (fault: string): Promise<unknown> => {
      const note = (await ask(fault, await openReady(devnet))).objects.at(-1)
      return note?.type === 'proxy.clientRequestPayment' ? note.signedPayment : note?.type
    }
    expect(await payment('empty-payment')).toEqual({ type: 'proxy.signedPaymentEmpty' })
    expect(await payment('forged-payment')).toMatchObject({ type: 'proxy.signedPayment' })
    expect(await payment('garbage-payment')).toMatchObject({ data: Uint8Array.of(0xb5, 0xee, 0x9c, 0x72, 0xff) })
  })

  it('no-payment sends none', async () => {
    const client = await openReady(await start())
    client.packet(runQuery({ model: 'fault/no-payment', messages }))
    for (let object = await client.nextPacket(); ; object = await client.nextPacket()) {
      if (object?.type === 'client.queryAnswerPartEx' && object.finalInfo !== undefined) break
    }
    client.send({ type: 'tcp.ping', id: 1n })
    expect(await client.next()).toEqual({ type: 'tcp.pong', id: 1n })
  })

  it('ping-flood sends pings, the answer follows', async () => {
    const client = await openReady(await start())
    client.packet(runQuery({ model: 'fault/ping-flood-500', messages }))
    let pings = 0
    for (let object = await client.next(); object?.type === 'tcp.ping'; object = await client.next()) pings++
    expect(pings).toBe(500)
  })

  it('tiny-parts sends as many as it is told', async () => {
    const { objects } = await ask('tiny-parts-5000')
    expect(objects).toHaveLength(5000 + 3)
  })

  it('oversized-part: December drops the frame, April closes', async () => {
    const december = await ask('oversized-part', await openReady(await start({ version: 'dec-2025' })))
    expect(types(december.objects)[0]).toBe('Ex')
    expect(types(december.objects).at(-1)).toBe('proxy.clientRequestPayment')
    expect(types((await ask('oversized-part', await openReady(await start()))).objects)).toEqual(['Ex'])
  })

  it.each([
    ['upstream-status-429', 429],
    ['upstream-html', 502],
    ['upstream-no-content', 204],
    ['upstream-unreachable', 502],
    ['upstream-breaks', 200]
  ])('%s is status %i', async (fault, status) => {
    const { objects } = await ask(fault)
    const head = objects[0]
    if (head?.type !== 'client.queryAnswerEx') throw new Error('no head')
    expect(Buffer.from(head.answer).readInt32LE(16)).toBe(status)
    expect(objects.at(-1)?.type).toBe('proxy.clientRequestPayment')
  })
})

describe('standing faults', () => {
  it('hold for every request until they are taken back', async () => {
    const devnet = await start({ faults: ['error-before-602'] })
    const client = await openReady(devnet)
    const query = { model: 'devnet/echo', messages }
    client.packet(runQuery(query))
    expect(types(await collect(client))).toEqual(['ErrorEx', 'proxy.clientRequestPayment'])
    devnet.setFault()
    client.packet(runQuery(query))
    expect(types(await collect(client))[0]).toBe('Ex')
    expect(() => devnet.setFault('nonsense')).toThrow(/unknown devnet fault/)
  })

  it('every documented name exists', async () => {
    const devnet = await start()
    for (const name of Object.keys(DEVNET_FAULTS)) devnet.setFault(name.replace('<n>', '1'))
    expect(Object.keys(DEVNET_FAULTS).length).toBeGreaterThan(60)
  })
})
