/**
 * An upstream behind HTTP: any OpenAI-compatible server (Ollama, llama.cpp, vLLM).
 *
 * @module
 */
import type { Upstream } from './types.js'

/** Headers that belong to one hop and are never copied. */
const HOP_HEADERS = new Set(['host', 'connection', 'transfer-encoding', 'content-length', 'keep-alive', 'expect'])

/** Headers that describe an encoding which `fetch` has undone. */
const DECODED_HEADERS = new Set(['content-encoding', 'transfer-encoding', 'content-length', 'connection'])

/** A base URL with or without a trailing `/v1`. */
function endpoint(base: string, path: string): string {
  return base.replace(/\/+$/, '').replace(/\/v1$/, '') + path
}

/** Creates an upstream that forwards to `baseUrl`. */
export function createHttpUpstream(baseUrl: string): Upstream {
  return async (request) => {
    const response = await fetch(endpoint(baseUrl, request.path), {
      method: 'POST',
      headers: request.headers
        .filter(([name]) => !HOP_HEADERS.has(name.toLowerCase()))
        .map(([name, value]): [string, string] => [name, value]),
      body: request.body.slice(),
      signal: request.signal,
      redirect: 'manual'
    })
    return {
      status: response.status,
      reason: response.statusText,
      headers: [...response.headers].filter(([name]) => !DECODED_HEADERS.has(name.toLowerCase())),
      body: response.body === null ? undefined : (response.body as AsyncIterable<Uint8Array>)
    }
  }
}
