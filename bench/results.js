'use strict';

/** Collects the figures of all rounds and makes the report. */

const { BASELINE, CONTROL } = require('./implementations');
const { metrics } = require('./metrics');
const { ratio, summarize } = require('./statistics');

/** Version of the format of --json files. */
const FORMAT = 3;

class Results {
  constructor() {
    /** scenario -> implementation -> metric -> one value per round */
    this.values = new Map();
    this.problems = [];
  }

  add(scenario, implementation, figures) {
    const byImplementation = this.values.get(scenario.name) ?? new Map();
    this.values.set(scenario.name, byImplementation);
    const own = byImplementation.get(implementation.name) ?? {};
    byImplementation.set(implementation.name, own);
    for (const [name, value] of Object.entries(figures)) {
      (own[name] ??= []).push(value);
    }
  }

  /** A failed run. The benchmark itself fails only if Node or C failed. */
  addProblem(scenario, implementation, message) {
    this.problems.push({
      scenario: scenario.name,
      implementation: implementation.name,
      message,
      isFailure: ['node', 'c'].includes(implementation.runtime),
    });
  }

  /** An implementation without the interface that the scenario requires. */
  addSkipped(scenario, implementation, message) {
    this.problems.push({
      scenario: scenario.name,
      implementation: implementation.name,
      message: `skipped: ${message}`,
      isFailure: false,
    });
  }

  summarizeOne({ scenario, implementations, together }) {
    const own = this.values.get(scenario.name) ?? new Map();
    const summaries = new Map([...own].map(([name, figures]) => [
      name,
      Object.fromEntries(Object.entries(figures).map(([metric, values]) =>
        [metric, summarize(values)])),
    ]));
    const control = summaries.get(CONTROL);
    const baseline = summaries.get(BASELINE);
    const [first] = scenario.metrics;
    return {
      name: scenario.name,
      table: scenario.table,
      inChart: scenario.inChart === true,
      paired: together === true,
      metrics: scenario.metrics.map((name) => {
        const { title, unit, better, showsRange } = metrics[name];
        const showsBaseline = scenario.showsBaseline?.includes(name);
        return { name, title, unit, better, showsRange, showsBaseline };
      }),
      results: implementations.filter(({ name }) => summaries.has(name))
        .map(({ name }) => {
          const figures = summaries.get(name);
          for (const [metric, figure] of Object.entries(figures)) {
            const { better } = metrics[metric];
            figure.timesBetter = ratio(
              figure, control?.[metric], better, together);
            figure.shareOfBaseline = ratio(figure, baseline?.[metric], better);
          }
          return {
            implementation: name,
            figures,
            timesBetter: figures[first].timesBetter,
            shareOfBaseline: figures[first].shareOfBaseline,
          };
        }),
    };
  }

  /** @returns {object} the content of a --json file */
  report(machine, plan, rounds) {
    return {
      format: FORMAT,
      date: new Date().toISOString(),
      machine,
      rounds,
      warmMillis: plan.timing.warm,
      measuredMillis: plan.timing.measure,
      control: CONTROL,
      scenarios: plan.chosen.map((one) => this.summarizeOne(one)),
      problems: this.problems,
    };
  }
}

module.exports = { FORMAT, Results };
