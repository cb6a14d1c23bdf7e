//! The websocket frames.
