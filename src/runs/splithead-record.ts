// A finished split-head run as its files hold it.
import {
  configurationRecord, layerMetricRows, perturbationRows, runRow, type RecordContext, type SplitHeadConfig, type SplitHeadResult,
} from '../experiments/splithead/index.js';
import { formatPythonJson, type RunRecord } from '../outputs/index.js';

/** Local time, ISO 8601 to seconds. */
export function localTime(now: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  return `${date}T${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
}

/** The rows of runs.csv, layer_metrics.csv and perturbations.csv, and the line of configs.jsonl. */
export function splitHeadRecord(config: SplitHeadConfig, result: SplitHeadResult, context: RecordContext): RunRecord {
  const tables = [
    { file: 'layer_metrics.csv', global: 'layer_metrics_all_seeds.csv', rows: layerMetricRows(config, result, context.runId) },
    { file: 'perturbations.csv', global: 'perturbations_all_seeds.csv', rows: perturbationRows(config, result, context.runId) },
    { file: 'runs.csv', global: 'runs_all_seeds.csv', rows: [runRow(config, result, context)] },
  ];
  return { runId: context.runId, tables, jsonLine: { file: 'configs.jsonl', line: formatPythonJson(configurationRecord(config, result, context)) } };
}
