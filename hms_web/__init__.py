"""An outpatient front desk: slots, bookings, the flow of the day and no-shows of a hospital."""

__version__ = "0.1.0"
