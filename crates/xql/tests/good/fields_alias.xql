dataset = a | fields Actor as `User Name`, host as Computer
