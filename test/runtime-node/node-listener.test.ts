import { createServer, request as httpRequest, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { type FetchHandler, toNodeListener } from '../../src/node.js'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
})

async function serve(handler: FetchHandler): Promise<string> {
  const server = createServer(toNodeListener(handler))
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('toNodeListener', () => {
  test('method, URL, headers and body arrive; status, headers and body come back', async () => {
    const url = await serve(async (request) => {
      const { pathname, search } = new URL(request.url)
      const headers = new Headers({ 'x-seen': `${request.method} ${pathname}${search} ${request.headers.get('x-a')}` })
      headers.append('set-cookie', 'a=1')
      headers.append('set-cookie', 'b=2')
      return new Response(await request.text(), { status: 201, headers })
    })
    const response = await fetch(`${url}/p?q=1`, { method: 'POST', headers: { 'x-a': 'b' }, body: 'ünïcode' })
    expect(response.status).toBe(201)
    expect(response.headers.get('x-seen')).toBe('POST /p?q=1 b')
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(await response.text()).toBe('ünïcode')
  })

  test('answers without a body, and HEAD', async () => {
    const url = await serve((request) =>
      request.method === 'HEAD' ? new Response('never sent') : new Response(null, { status: 204 })
    )
    expect((await fetch(url)).status).toBe(204)
    expect(await (await fetch(url, { method: 'HEAD' })).text()).toBe('')
  })

  test('the head comes before the first byte of the body', async () => {
    let release: () => void = () => {}
    const url = await serve(
      () => new Response(new ReadableStream({ start: (controller) => void (release = () => controller.close()) }))
    )
    const response = await fetch(url)
    expect(response.status).toBe(200)
    release()
    expect(await response.text()).toBe('')
  })

  test('a body that breaks off is a broken connection, not a short answer', async () => {
    let count = 0
    const url = await serve(
      () =>
        new Response(
          new ReadableStream({
            pull: (controller) =>
              count++ === 0 ? controller.enqueue(new Uint8Array(10)) : controller.error(new Error('broke'))
          })
        )
    )
    await expect(fetch(url).then((response) => response.text())).rejects.toThrow()
  })

  test('a handler that throws does not end the process', async () => {
    const url = await serve(() => Promise.reject(new Error('oops')))
    await expect(fetch(url)).rejects.toThrow()
    await expect(fetch(url)).rejects.toThrow()
  })

  test('a caller that leaves fires the signal and cancels the body', async () => {
    let seen: (reason: string) => void = () => {}
    const signalled = new Promise((resolve) => (seen = resolve))
    let cancelled: (reason: unknown) => void = () => {}
    const cancelledOnce = new Promise((resolve) => (cancelled = resolve))
    const url = await serve((request) => {
      request.signal.addEventListener('abort', () => seen('aborted'))
      return new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new Uint8Array(1)),
          cancel: (reason) => cancelled(reason)
        })
      )
    })
    const controller = new AbortController()
    const response = await fetch(url, { signal: controller.signal })
    await response.body!.getReader().read()
    controller.abort()
    expect(await signalled).toBe('aborted')
    await cancelledOnce
  })

  test('a caller that does not read holds the body back', async () => {
    let pulled = 0
    const url = await serve(
      () =>
        new Response(
          new ReadableStream(
            { pull: (controller) => (pulled++, controller.enqueue(new Uint8Array(65_536))) },
            { highWaterMark: 0 }
          )
        )
    )
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    socket.pause()
    socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
    let before = -1
    for (let turn = 0; turn < 200 && before !== pulled; turn++) {
      before = pulled
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(pulled).toBe(before)
    expect(pulled).toBeGreaterThan(0)
    expect(pulled).toBeLessThan(1000)
    socket.destroy()
  })

  test('a Host that is none is 400', async () => {
    const url = await serve(() => new Response('ok'))
    const status = await new Promise((resolve, reject) => {
      httpRequest(url, { headers: { host: 'a b' } }, (message) => resolve(message.resume().statusCode))
        .on('error', reject)
        .end()
    })
    expect(status).toBe(400)
  })
})
