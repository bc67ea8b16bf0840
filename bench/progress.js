'use strict';

/**
 * Progress output: one line that is rewritten on a terminal, otherwise one
 * plain line for each scenario and round.
 */

class Progress {
  /**
   * @param {NodeJS.WriteStream} stream
   * @param {number} steps total number of runs
   */
  constructor(stream, steps) {
    this.stream = stream;
    this.steps = steps;
    this.step = 0;
    this.started = Date.now();
    this.parts = [];
  }

  remaining() {
    if (this.step === 0) return '';
    const elapsed = (Date.now() - this.started) / 1000;
    const left = elapsed / this.step * (this.steps - this.step);
    return left > 90 ?
      `${Math.round(left / 60)} min left` : `${Math.round(left)} s left`;
  }

  /** @param {object[]} group the implementations that run next */
  begin(round, rounds, scenario, group) {
    if (!this.stream.isTTY) return;
    const percent = Math.round(100 * this.step / this.steps);
    this.write(`${percent}%  round ${round}/${rounds}  ${scenario.name}  ` +
               `${group.map(({ name }) => name).join(', ')}  ` +
               this.remaining());
  }

  /** @param {string} outcome of one run */
  done(implementation, outcome) {
    this.step++;
    this.parts.push(`${implementation.name} ${outcome}`);
  }

  endOfScenario(round, rounds, scenario) {
    if (!this.stream.isTTY) {
      const percent = `${Math.round(100 * this.step / this.steps)}%`;
      this.stream.write(`${percent.padStart(4)} ${round}/${rounds} ` +
                        `${scenario.name}: ${this.parts.join('; ')}\n`);
    }
    this.parts = [];
  }

  end() {
    if (this.stream.isTTY) this.write('');
  }

  write(text) {
    const width = (this.stream.columns ?? 80) - 1;
    this.stream.write(`\r\x1b[K${text.slice(0, width)}`);
  }
}

module.exports = { Progress };
