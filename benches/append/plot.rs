//! Lines over something, as an SVG file.

use std::path::Path;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

use crate::Outcome;

/// Width and height of a picture, in pixels.
const SIZE: (u32, u32) = (900, 500);
/// Room beside the axes for what they say.
const LABELS: (u32, u32) = (50, 80);
/// Colours of the lines, far apart for every eye (Okabe and Ito).
const COLOURS: [RGBColor; 5] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
];

/// A line: what it shows, and its points in the order of `x`.
pub(crate) type Line<'a> = (&'a str, Vec<(f64, f64)>);

/// What a picture shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picture<'a> {
    pub(crate) title: &'a str,
    pub(crate) x: &'a str,
    pub(crate) y: &'a str,
    /// Whether equal steps to the right are equal factors, and steps up too: else both are equal amounts, up from 0.
    pub(crate) logarithmic: bool,
}

/// Draws the lines; what is no number or cannot be drawn on a logarithmic axis is left out of them.
pub(crate) fn draw(path: &Path, picture: Picture<'_>, lines: &[Line<'_>]) -> Outcome<()> {
    let drawn = |point: &(f64, f64)| {
        let finite = point.0.is_finite() && point.1.is_finite();
        finite && (!picture.logarithmic || (0.0 < point.0 && 0.0 < point.1))
    };
    let lines: Vec<Line<'_>> = lines
        .iter()
        .map(|(name, points)| (*name, points.iter().copied().filter(drawn).collect()))
        .collect();
    let points = || lines.iter().flat_map(|(_, points)| points);
    let within = |values: &mut dyn Iterator<Item = f64>| {
        values.fold(
            (f64::INFINITY, f64::NEG_INFINITY),
            |(least, most), value| (least.min(value), most.max(value)),
        )
    };
    let (left, right) = within(&mut points().map(|point| point.0));
    let (low, high) = within(&mut points().map(|point| point.1));
    if right < left {
        return Err(format!("{}: nothing to draw", picture.title).into());
    }
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    match picture.logarithmic {
        true => {
            let x = (left / 1.2..right * 1.2).log_scale();
            let y = (low / 2.0..high * 2.0).log_scale();
            chart(&root, picture, x, y, &lines)?;
        }
        false => {
            let x = left..right.max(left + f64::EPSILON);
            chart(
                &root,
                picture,
                x,
                0.0..(high * 1.1).max(f64::EPSILON),
                &lines,
            )?;
        }
    }
    Ok(root.present()?)
}

fn chart<X, Y>(
    root: &DrawingArea<SVGBackend<'_>, Shift>,
    picture: Picture<'_>,
    x: X,
    y: Y,
    lines: &[Line<'_>],
) -> Outcome<()>
where
    X: AsRangedCoord<Value = f64>,
    Y: AsRangedCoord<Value = f64>,
    X::CoordDescType: ValueFormatter<f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    let mut chart = ChartBuilder::on(root)
        .caption(picture.title, ("sans-serif", 20))
        .margin(10)
        .x_label_area_size(LABELS.0)
        .y_label_area_size(LABELS.1)
        .build_cartesian_2d(x, y)?;
    chart
        .configure_mesh()
        .x_desc(picture.x)
        .y_desc(picture.y)
        .x_label_formatter(&|value| short(*value))
        .y_label_formatter(&|value| short(*value))
        .draw()?;
    for ((name, points), colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        let colour = *colour;
        let line = LineSeries::new(points.iter().copied(), colour.stroke_width(2)).point_size(3);
        chart
            .draw_series(line)?
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK)
        .draw()?;
    Ok(())
}

/// `10k`, `1M`, `0.25`.
fn short(value: f64) -> String {
    match value.abs() {
        1e6.. => format!("{}M", value / 1e6),
        1e3.. => format!("{}k", value / 1e3),
        _ => format!("{}", (value * 1e3).round() / 1e3),
    }
}
