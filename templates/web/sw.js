{% load static %}// The service worker. Its parts are modules of their own.
importScripts("{% static 'js/sw-push.js' %}");
