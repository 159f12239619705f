-- The versions of nodes, by time.
--
-- Which one a node had at an instant is the last that it told before: some restart every day and tell it, others
-- have not told it for a year of restarts. It holds a row for each time it was told, and no other event.

CREATE INDEX lifecycle_versions ON lifecycle (node, at) WHERE event = 3;
