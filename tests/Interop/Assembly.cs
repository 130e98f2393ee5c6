// Each peer polls on a core of its own, so two tests at once would only measure each other.
[assembly: Xunit.CollectionBehavior(DisableTestParallelization = true)]
