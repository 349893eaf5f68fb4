/**
 * Seals and sends records in order. Everything that leaves the client passes here.
 *
 * Two queues: records are sealed and handed to the stream strictly one after another; writes of application data also
 * wait for each other, so that two of them never mix. An alert or a KeyUpdate may slip in between two parts of a long write.
 *
 * @module
 */
import { concatBytes } from '../../encoding/index.js'
import type { ByteStream } from '../../runtime/ports/byte-stream.js'
import { type AlertName, encodeAlert } from './alerts.js'
import * as MESSAGE_TYPE from './code-points/message-types.js'
import * as RECORD_TYPE from './code-points/record-types.js'
import { MAX_RECORD_CONTENT } from './constants.js'
import { overlap } from './overlap.js'
import { plainRecord, type RecordProtection } from './record-protection.js'

/** Content sealed at once and sent in one write, bytes. */
const BATCH_BYTES: number = 8 * MAX_RECORD_CONTENT

/** Legacy version of the record that carries the ClientHello (RFC 8446 §5.1). */
const FIRST_RECORD_VERSION = 0x0301

/** Records after which we change our key; AES-GCM allows 2^24.5 (RFC 8446 §5.5). */
const MAX_RECORDS_PER_KEY = 2 ** 23

/** Runs tasks one after another; a task that fails does not stop the next. */
class TaskQueue {
  #tail: Promise<unknown> = Promise.resolve()

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(task)
    this.#tail = result.catch(() => undefined)
    return result
  }
}

/** The sending half. */
export class RecordWriter {
  readonly #stream: ByteStream
  readonly #paddingMultiple: number
  readonly #sealing = new TaskQueue()
  readonly #application = new TaskQueue()
  #protection: Promise<RecordProtection> | undefined
  #keyUpdateWaits = false
  #isKeyUpdateDue = false

  constructor(stream: ByteStream, paddingMultiple: number) {
    this.#stream = stream
    this.#paddingMultiple = paddingMultiple
  }

  /** Switches the epoch; its keys may still be in the making. Only while nothing is being sent (during the handshake). */
  setProtection(protection: RecordProtection | Promise<RecordProtection>): void {
    this.#protection = overlap(Promise.resolve(protection))
  }

  /** The ClientHello. */
  async sendHello(message: Uint8Array): Promise<void> {
    await this.#stream.write(plainRecord(RECORD_TYPE.handshake, message, FIRST_RECORD_VERSION))
  }

  /** The client's second flight: the compatibility change_cipher_spec, then handshake messages, in one write. */
  async sendFlight(messages: Uint8Array): Promise<void> {
    const records = await this.#seal(RECORD_TYPE.handshake, messages)
    await this.#stream.write(concatBytes(plainRecord(RECORD_TYPE.changeCipherSpec, Uint8Array.of(1)), records))
  }

  /** Application data; resolves once the stream can take more. */
  sendData(bytes: Uint8Array): Promise<void> {
    return this.#application.run(async () => {
      for (let offset = 0; offset < bytes.length; offset += BATCH_BYTES) {
        await this.#send(bytes.subarray(offset, offset + BATCH_BYTES))
      }
    })
  }

  /**
   * Changes our key, RFC 8446 §4.6.3. While an answer to such a message has not drained, others wait for the next data, which
   * is as long as the standard lets them wait: a peer that asks a thousand times and does not read gets one answer.
   */
  async sendKeyUpdate(requestPeer: boolean): Promise<void> {
    if (this.#keyUpdateWaits && !requestPeer) {
      this.#isKeyUpdateDue = true
      return
    }
    this.#keyUpdateWaits = true
    try {
      const sent = await this.#sealing.run(() => this.#updateKey(requestPeer))
      await sent.drained
    } finally {
      this.#keyUpdateWaits = false
    }
  }

  /**
   * An alert, protected when keys exist. Resolves when it was handed to the stream, which may still be busy with it.
   */
  async sendAlert(name: AlertName): Promise<void> {
    await this.#sealing.run(async () => {
      void overlap(this.#stream.write(await this.#seal(RECORD_TYPE.alert, encodeAlert(name))))
    })
  }

  async #send(content: Uint8Array): Promise<void> {
    const sent = await this.#sealing.run(async () => {
      if (this.#isKeyUpdateDue || ((await this.#protection)?.sequence ?? 0) >= MAX_RECORDS_PER_KEY) {
        // The stream keeps the order; its failure shows in the write below as well.
        void overlap((await this.#updateKey(false)).drained)
      }
      return { drained: this.#stream.write(await this.#seal(RECORD_TYPE.applicationData, content)) }
    })
    await sent.drained
  }

  /** Inside the sealing queue only. The promise is wrapped so that the queue does not wait for the stream to drain. */
  async #updateKey(requestPeer: boolean): Promise<{ drained: Promise<void> }> {
    this.#isKeyUpdateDue = false
    const message = Uint8Array.of(MESSAGE_TYPE.keyUpdate, 0, 0, 1, +requestPeer)
    const records = await this.#seal(RECORD_TYPE.handshake, message)
    this.setProtection((await this.#protection)!.next())
    return { drained: this.#stream.write(records) }
  }

  /** Records of a content of any length: protected once keys were set. */
  async #seal(type: number, content: Uint8Array): Promise<Uint8Array> {
    const protection = await this.#protection
    if (protection === undefined) return plainRecord(type, content)
    const records: Promise<Uint8Array>[] = []
    for (let offset = 0; offset < content.length; offset += MAX_RECORD_CONTENT) {
      const part = content.subarray(offset, offset + MAX_RECORD_CONTENT)
      records.push(protection.seal(type, part, this.#paddingMultiple))
    }
    return concatBytes(...(await Promise.all(records)))
  }
}
