'use strict';

/** Collects what the rounds brought, and makes the report of it. */

const { CONTROL } = require('./implementations');
const { metrics } = require('./metrics');
const { ratio, summarize } = require('./statistics');

class Results {
  constructor() {
    /** scenario -> contestant -> metric -> a value per round */
    this.values = new Map();
    this.problems = [];
  }

  add(scenario, contestant, figures) {
    const byContestant = this.values.get(scenario.name) ?? new Map();
    this.values.set(scenario.name, byContestant);
    const own = byContestant.get(contestant.name) ?? {};
    byContestant.set(contestant.name, own);
    for (const [name, value] of Object.entries(figures)) {
      (own[name] ??= []).push(value);
    }
  }

  /** A rival that cannot do it is told of, but no failure of the benchmark. */
  addProblem(scenario, contestant, message) {
    this.problems.push({
      scenario: scenario.name,
      contestant: contestant.name,
      message,
      ours: ['node', 'c'].includes(contestant.runtime),
    });
  }

  summarizeOne({ scenario, field }) {
    const own = this.values.get(scenario.name) ?? new Map();
    const summaries = new Map([...own].map(([name, figures]) => [
      name,
      Object.fromEntries(Object.entries(figures).map(([metric, values]) =>
        [metric, summarize(values)])),
    ]));
    const control = summaries.get(CONTROL);
    return {
      name: scenario.name,
      group: scenario.group,
      title: scenario.title,
      metrics: scenario.metrics.map((name) => {
        const { title, unit, better } = metrics[name];
        return { name, title, unit, better };
      }),
      results: field.filter(({ name }) => summaries.has(name))
        .map(({ name, label }) => {
          const figures = summaries.get(name);
          const [first] = scenario.metrics;
          return {
            contestant: name,
            label,
            figures,
            timesBetter: ratio(figures[first], control?.[first],
                               metrics[first].better),
          };
        }),
    };
  }

  /** @returns {object} what --json writes; see docs/performance.md */
  report(machine, plan, rounds) {
    return {
      format: 1,
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

module.exports = { Results };
