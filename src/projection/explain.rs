//! Why a figure is what it is: the events behind it, and what changed since an earlier answer.

pub mod contribution;
pub mod fact;
pub mod figure;
pub mod waterfall;
