// Has Kusto's own language service look at each query given, with Application Insights' tables; prints what it finds wrong.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import vm from "node:vm";

const require = createRequire(import.meta.url);
// The package is for browsers: its scripts run in the global scope, one after the other.
const folder = "@kusto/language-service-next";
for (const script of ["bridge.min.js", "Kusto.Language.Bridge.min.js"]) {
  const path = require.resolve(`${folder}/${script}`);
  vm.runInThisContext(readFileSync(path, "utf8"), { filename: path });
}
const { Kusto } = globalThis;

// learn.microsoft.com/azure/azure-monitor/reference/tables, by the names of the component's scope.
const TABLES = {
  traces: "timestamp: datetime, message: string, severityLevel: int, operation_Id: string, customDimensions: dynamic",
  requests: "timestamp: datetime, name: string, resultCode: string, success: string, duration: real, operation_Id: string",
  dependencies:
    "timestamp: datetime, name: string, target: string, resultCode: string, success: bool, duration: real, customDimensions: dynamic",
};
const { TableSymbol, DatabaseSymbol } = Kusto.Language.Symbols;
const tables = Object.entries(TABLES).map(([name, columns]) => TableSymbol.From(`(${columns})`).WithName(name));
const database = new DatabaseSymbol.ctor("insights", tables);
const globals = Kusto.Language.GlobalState.Default.WithDatabase(database);

let wrong = 0;
for (const path of process.argv.slice(2)) {
  const code = Kusto.Language.KustoCode.ParseAndAnalyze(readFileSync(path, "utf8"), globals);
  const found = code.GetDiagnostics();
  for (let at = 0; at < found.Count; at++) {
    const each = found.getItem(at);
    console.log(`${path}: ${each.Severity} at ${each.Start}: ${each.Message}`);
    wrong++;
  }
}
console.log(`${process.argv.length - 2} queries, ${wrong} wrong`);
process.exit(wrong ? 1 : 0);
