/** Clock and randomness for the parts of cocoonkit that take them as arguments. */

export const clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(run, delayMs) {
    const timer = setTimeout(() => run(), delayMs)
    return () => clearTimeout(timer)
  }
}

export const random = { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) }
