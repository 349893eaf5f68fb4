/**
 * The path between client and server is hostile: it cuts, splits, reorders, drops, repeats and injects. The client must end
 * with a typed error or, where TLS cannot tell, with a clean end; it must never hand out changed bytes. (Every byte cut and
 * changed: hostile-relay.slow.test.ts.)
 *
 * @module
 */
import { describe, expect, it } from 'vitest'
import { CocoonError } from '../../../src/errors.js'
import { concatBytes } from '../../../src/encoding/index.js'
import { TlsError } from '../../../src/wire/tls/index.js'
import { connectScripted, establish } from './support/connect-scripted.js'
import {
  ANSWER,
  complete,
  converse,
  FINISHED_INDEX,
  type Outcome,
  recordConversation,
  records
} from './support/hostile-relay.js'

describe('a relay that only changes the pieces', () => {
  it.each([1, 2, 5, 100])('of %i bytes', async (size) => {
    const outcome = await converse(async (from, to) => {
      for await (const record of records(from)) {
        for (let offset = 0; offset < record.length; offset += size) await to.write(record.slice(offset, offset + size))
      }
      await to.close()
    })
    expect(outcome).toEqual({ received: complete, ending: 'close_notify' })
  })
})

describe('a path that ends', () => {
  it('a reset during the handshake', async () => {
    const { server, outcome } = await connectScripted()
    await server.readHello()
    await server.close('reset')
    expect((await outcome).error).toMatchObject({ code: 'ERR_CONNECTION_LOST' })
  })
})

describe('a relay that changes the sequence of records', () => {
  const count = async (): Promise<number> => (await recordConversation()).length

  const isAborted = ({ error, received, ending }: Outcome, changed: number): void => {
    expect([0, ANSWER.length, complete.length]).toContain(received?.length ?? 0)
    if (error === undefined) {
      // Dropping the last record (close_notify) is the one change that leaves an end, and it shows.
      expect([changed, ending]).toEqual([changed, 'truncated'])
      return
    }
    expect(CocoonError.is(error)).toBe(true)
    expect(error).toBeInstanceOf(CocoonError)
  }

  it('drops any one', async () => {
    const total = await count()
    for (let dropped = 0; dropped < total; dropped++) {
      const outcome = await converse(async (from, to) => {
        let index = 0
        for await (const record of records(from)) {
          if (index++ !== dropped) await to.write(record)
          // Without Finished both sides wait, as they must; the path then ends.
          else if (dropped === FINISHED_INDEX) break
        }
        await to.close()
      })
      // Nobody misses the change_cipher_spec.
      if (dropped === 1) expect(outcome).toEqual({ received: complete, ending: 'close_notify' })
      else isAborted(outcome, dropped)
    }
  })

  it('repeats any one', async () => {
    const total = await count()
    for (let repeated = 0; repeated < total; repeated++) {
      const outcome = await converse(async (from, to) => {
        let index = 0
        for await (const record of records(from)) {
          if (index++ === repeated) await to.write(record.slice())
          await to.write(record)
        }
        await to.close()
      })
      if (repeated === 1 || repeated === total - 1) {
        // A second change_cipher_spec is tolerated; what follows close_notify is not looked at.
        expect(outcome).toEqual({ received: complete, ending: 'close_notify' })
      } else {
        expect(outcome.error).toBeInstanceOf(TlsError)
      }
    }
  })

  it('swaps any two neighbours', async () => {
    const total = await count()
    for (let swapped = 2; swapped < total - 1; swapped++) {
      // Behind Finished the server waits for us: that pair cannot be swapped.
      if (swapped === FINISHED_INDEX) continue
      const outcome = await converse(async (from, to) => {
        let index = 0
        let held: Uint8Array | undefined
        for await (const record of records(from)) {
          if (index === swapped) held = record
          else if (index === swapped + 1) await to.write(concatBytes(record, held!))
          else await to.write(record)
          index++
        }
        await to.close()
      })
      isAborted(outcome, swapped)
      expect(outcome.received?.length ?? 0).toBeLessThan(complete.length)
    }
  })

  it('injects a record at any place', async () => {
    const total = await count()
    const injections = [
      Uint8Array.of(21, 3, 3, 0, 2, 1, 0),
      Uint8Array.of(22, 3, 3, 0, 4, 20, 0, 0, 0),
      concatBytes(Uint8Array.of(23, 3, 3, 0, 40), new Uint8Array(40)),
      Uint8Array.of(0, 0, 0, 0, 0)
    ]
    for (const injected of injections) {
      for (let place = 0; place < total; place++) {
        const outcome = await converse(async (from, to) => {
          let index = 0
          for await (const record of records(from)) {
            if (index++ === place) await to.write(injected)
            await to.write(record)
          }
          await to.close()
        })
        expect(outcome.error).toBeInstanceOf(TlsError)
      }
    }
  })
})

describe('bounds', () => {
  it('reads no further than its window while nobody reads from it', async () => {
    const { server, stream } = await establish({ link: { backward: { capacityBytes: 65_536 } } })
    const writing = (async () => {
      let sent = 0
      for (let count = 0; count < 400; count++) {
        await server.send(23, new Uint8Array(16_384))
        sent += 16_384
      }
      return sent
    })()
    expect((await stream.read())?.length).toBe(16_384)
    let done = false
    void writing.then(() => (done = true))
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(done).toBe(false)
    let received = 16_384
    while (received < 400 * 16_384) received += (await stream.read())!.length
    expect(await writing).toBe(received)
  })
})
