pub(crate) fn set_last_resort(_: fn(async_task::Runnable)) {}
