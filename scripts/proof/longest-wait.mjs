/** The longest that anybody has waited for something. */
export class LongestWait {
  ms = 0;

  async of(work) {
    const began = performance.now();
    try {
      return await work();
    } finally {
      this.ms = Math.max(this.ms, performance.now() - began);
    }
  }
}
