//! Bus, device traits and the devices.
