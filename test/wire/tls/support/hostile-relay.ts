/**
 * A client and a server with a relay between them that a test can make hostile.
 *
 * @module
 */
import { concatBytes } from '../../../../src/encoding/index.js'
import type { ByteStream } from '../../../../src/runtime/ports/byte-stream.js'
import { createPureTlsEngine, type TlsStream } from '../../../../src/wire/tls/index.js'
import { FakeClock } from '../../../support/fake-clock.js'
import { createLinkedStreams } from '../../../support/linked-streams.js'
import { SeededRandom } from '../../../support/seeded-random.js'
import { sharedIdentity } from './connect-scripted.js'
import { ScriptedServer } from './scripted-server.js'

/** What the server says, twice. */
export const ANSWER: Uint8Array = new TextEncoder().encode('the answer')

/** What the client ended with. */
export interface Outcome {
  readonly error?: unknown
  readonly received?: Uint8Array
  readonly ending?: string
}

/** A conversation: handshake, then the server sends its answer and ends. */
export async function converse(
  relay: (fromServer: ByteStream, toClient: ByteStream) => Promise<void>
): Promise<Outcome> {
  const [client, relayFront] = createLinkedStreams()
  const [relayBack, serverEnd] = createLinkedStreams()
  const server = new ScriptedServer(serverEnd, await sharedIdentity())
  const serving = server
    .accept()
    .then(async () => {
      await server.send(23, ANSWER)
      await server.send(23, ANSWER)
      await server.sendAlert('close_notify')
      await server.close()
    })
    .catch(() => server.close())
  const upstream = forward(relayFront, relayBack)
  const downstream = relay(relayBack, relayFront).catch(() => undefined)
  const outcome = await talk(client)
  await client.close('over')
  await Promise.all([relayFront.close('over'), relayBack.close('over')])
  await Promise.all([serving, upstream, downstream])
  return outcome
}

async function talk(raw: ByteStream): Promise<Outcome> {
  let stream: TlsStream
  const received: Uint8Array[] = []
  try {
    stream = await createPureTlsEngine().connect(raw, {
      clock: new FakeClock(Date.now()),
      random: new SeededRandom(),
      judge: async () => undefined
    })
    for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) received.push(chunk)
    return { received: concatBytes(...received), ending: stream.ending }
  } catch (error) {
    return { error, received: concatBytes(...received) }
  }
}

async function forward(from: ByteStream, to: ByteStream): Promise<void> {
  try {
    for (let chunk = await from.read(); chunk !== null; chunk = await from.read()) await to.write(chunk)
    await to.close()
  } catch {
    // One end is gone.
  }
}

/** Reads whole records of the server. */
export async function* records(from: ByteStream): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0)
  for (let chunk = await from.read(); chunk !== null; chunk = await from.read()) {
    rest = concatBytes(rest, chunk)
    for (;;) {
      const end = 5 + (((rest[3] ?? 0) << 8) | (rest[4] ?? 0))
      if (rest.length < 5 || rest.length < end) break
      yield rest.slice(0, end)
      rest = rest.slice(end)
    }
  }
}

/** Everything that the server says. */
export const complete: Uint8Array = concatBytes(ANSWER, ANSWER)

/** Records that the server sends, as its bytes on the wire. */
export async function recordConversation(): Promise<Uint8Array[]> {
  const recorded: Uint8Array[] = []
  await converse(async (from, to) => {
    for await (const record of records(from)) {
      recorded.push(record)
      await to.write(record)
    }
    await to.close()
  })
  return recorded
}

/** Place of the server's Finished: hello, change_cipher_spec, extensions, request, certificate, proof, Finished. */
export const FINISHED_INDEX = 6
