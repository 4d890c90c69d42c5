//! A plan beside the one of the year before, as people read it.

use crate::api::v1;
use crate::cli::label;
use crate::cli::render::{View, difference, evaluation};
use crate::cli::table::Table;

/// What can be compared, then what cannot with the reason.
pub fn list(view: &View, response: &v1::CompareCyclesResponse) -> String {
    let end = |plan: Option<&v1::Entity>, at: Option<&v1::EvaluatedAt>| {
        let at = at.map(|at| evaluation::evaluated_at(view, at));
        format!("{}  {}\n", view.entity(plan), at.unwrap_or_default())
    };
    let mut text = end(response.plan_before.as_ref(), response.before.as_ref());
    text.push_str(&end(response.plan.as_ref(), response.after.as_ref()));
    let (both, apart) = (response.compared_total, response.left_out_total);
    let (rose, fell, level) = (response.rose, response.fell, response.level);
    let none = [rose, fell, level]
        .into_iter()
        .fold(both, u32::saturating_sub);
    text.push_str(&view.pick(
        format!("同じ定義の指標 {both}件（達成率 上昇{rose} 低下{fell} 同じ{level} 算出できない{none}）、比較できない指標 {apart}件\n"),
        format!("{both} criteria defined alike (attainment rose {rose}, fell {fell}, level {level}, not computable {none}); {apart} cannot be compared\n"),
    ));
    for compared in &response.compared {
        text.push_str(&format!("\n{}\n", view.entity(compared.indicator.as_ref())));
        text.push_str(&format!(
            "    {}: {}\n",
            match compared.linked {
                true => view.pick("前年の指標（継続元）", "year before, gone on with"),
                false => view.pick("前年の指標", "year before"),
            },
            view.entity(compared.indicator_before.as_ref())
        ));
        text.push_str(&difference::fields(view, &compared.fields, 4));
    }
    if !response.left_out.is_empty() {
        let mut table = Table::new()
            .text(view.pick("理由", "why"))
            .text(view.pick("前年", "year before"))
            .text(view.pick("今年", "this year"))
            .text(view.pick("指標", "criterion"));
        for one in &response.left_out {
            let code = |entity: &Option<v1::Entity>| {
                let code = entity.as_ref().map(|entity| entity.code.clone());
                code.unwrap_or_else(|| "-".to_owned())
            };
            let named = one.indicator.as_ref().or(one.indicator_before.as_ref());
            table.row([
                label::apart(view.language, one.why()).to_owned(),
                code(&one.indicator_before),
                code(&one.indicator),
                view.name(named),
            ]);
        }
        text.push('\n');
        text.push_str(&table.render(view.columns));
    }
    text.push_str(&evaluation::footer(view, response.after.as_ref()));
    text
}
