"""The addresses of what staff read and do over HTTP."""

from django.urls import path

from staff_api import dead_letters, requests

calls = [
    path("staffApi/request", requests.StaffRequests.as_view()),
    path("staffApi/request/<uuid:request_id>", requests.StaffRequestRow.as_view()),
    path("staffApi/attempt", requests.StaffAttempts.as_view()),
    path("staffApi/attempt/<uuid:attempt_id>", requests.StaffAttemptRow.as_view()),
    path("staffApi/offer", requests.StaffOffers.as_view()),
    path("staffApi/offer/<uuid:offer_id>", requests.StaffOfferRow.as_view()),
    path("staffApi/deadLetter", dead_letters.StaffDeadLetters.as_view()),
    path("staffApi/deadLetter/<uuid:request_id>", dead_letters.StaffDeadLetterRow.as_view()),
]
