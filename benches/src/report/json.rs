//! Everything, for programs.

use anyhow::Result;
use serde_json::{Value, json};

use super::{Results, RowResult};

pub fn json(results: &Results) -> Result<String> {
    let rows: Vec<Value> = results.rows.iter().map(row).collect();
    let everything = json!({
        "machine": results.machine,
        "workers": results.workers,
        "repeats": results.repeats,
        "quick": results.quick,
        "max_load": results.max_load,
        "rows": rows,
    });
    Ok(serde_json::to_string_pretty(&everything)?)
}

fn row(result: &RowResult) -> Value {
    let row = &result.row;
    let runtimes: Vec<Value> = result
        .cells
        .iter()
        .map(|cell| {
            json!({
                "runtime": cell.peer,
                "figure": cell.spread(|sample| row.figure.of(sample)),
                "gap": cell.gap,
                "samples": cell.measurements,
            })
        })
        .collect();
    json!({
        "name": row.name,
        "group": row.group,
        "what": row.what,
        "figure": row.figure,
        "unit": row.figure.unit(),
        "goal": row.goal.share,
        "runtimes": runtimes,
    })
}
