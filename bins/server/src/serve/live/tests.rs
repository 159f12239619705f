//! States over real pipelines: logs that grow, databases that others write.

mod around;
mod broadcast;
mod counting;
mod reputation;
mod shapes;
mod world;
